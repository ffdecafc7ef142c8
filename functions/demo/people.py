"""Some people around the demo: who asks to join, who is invited, and the domain they share."""

import secrets
from datetime import datetime

from orgs.models import Domain, JoinRequest, Organization, User
from orgs.services.domains import name_domain
from orgs.services.invites import invite_person
from orgs.services.join_requests import request_to_join
from orgs.services.people import register_person
from orgs.services.provisioning import Grants

DOMAIN = "demo.example"
APPLICANTS = (
    ("applicant", "Anna", "Applicant", "I look after the sites in the north."),
    ("newcomer", "Niko", "Newcomer", ""),
)
INVITED = "invited@demo.example"


def seed_people(organization: Organization, *, owner: User, now: datetime) -> None:
    """Name the domain, let two people ask to join, and invite a third."""
    name_domain(organization, name=DOMAIN, join_policy=Domain.JoinPolicy.REQUEST, by=owner, now=now)
    for name, first_name, last_name, message in APPLICANTS:
        person = register_person(
            f"{name}@{DOMAIN}",
            password=secrets.token_urlsafe(12),
            first_name=first_name,
            last_name=last_name,
        )
        request_to_join(
            person,
            organization=organization,
            message=message,
            source=JoinRequest.Source.REGISTRATION,
            now=now,
        )
    invite_person(organization, email=INVITED, grants=Grants(), by=owner, now=now)
