from dataclasses import dataclass

import pytest
from django.test import Client

from functions.models import CallRecord, Credential
from functions.services.archives import pack_files
from functions.services.credentials import save_credential
from functions.services.publishing import publish_solution
from orgs.models import Membership, Organization, Solution, SolutionMember, User
from orgs.services.organizations import found_organization
from orgs.services.people import admit_member, register_person
from orgs.services.solutions import create_solution, give_solution_role
from orgs.tests.factories import SolutionMemberFactory

PASSWORD = "correct horse battery staple"
LIST_CUSTOMERS = """\
provider: DATA_PROVIDER_REST
method: GET
# One page is enough.
url: https://crm.example.com/customers
parameters:
  region: {location: query, type: string, required: true}
  limit: {location: query, type: int, value: 100}
  x-api-key: {location: header, required: true, value: crm}
"""
NEARBY_SITES = """\
provider: DATA_PROVIDER_REST
url: https://geo.example.com/near
useLocalCall: true
"""


@dataclass
class Acme:
    """An organization with a published solution, and one of each role."""

    organization: Organization
    owner: User
    creator: User
    technician: User
    solution: Solution

    def publish(self, **definitions: str) -> None:
        """Publish functions; an underscore in a name stands for a hyphen."""
        files = {
            f"functions/{name.replace('_', '-')}.jigx": text.encode()
            for name, text in definitions.items()
        }
        publish_solution(self.solution, archive=pack_files(files), by=self.owner)
        self.solution.refresh_from_db()

    def save_secret(self, key: str, value: str) -> Credential:
        return save_credential(
            self.solution,
            key=key,
            type=Credential.Type.API_KEY,
            secret=value,
            allowed_origins=["https://crm.example.com"],
            available_to_devices=False,
            by=self.owner,
        )

    def log_call(self, name: str = "list-customers", **columns: object) -> CallRecord:
        record = CallRecord(
            organization=self.organization,
            solution=self.solution,
            user=self.technician,
            function_name=name,
            version=1,
            source=CallRecord.Source.DEVICE,
            status=CallRecord.Status.OK,
            total_ms=120,
        )
        for column, value in columns.items():
            setattr(record, column, value)
        record.save()
        return record


def make_acme() -> Acme:
    owner = register_person("owner@acme.example", password=PASSWORD, first_name="Olga")
    organization = found_organization("Acme", owner=owner)
    creator = register_person("creator@acme.example", password=PASSWORD)
    builds = admit_member(
        creator, organization=organization, role=Membership.Role.CREATOR, by=owner
    ).membership
    technician = register_person("mia@acme.example", password=PASSWORD)
    works = admit_member(
        technician, organization=organization, role=Membership.Role.USER, by=owner
    ).membership
    solution = create_solution(organization, name="field", title="Field", by=owner)
    give_solution_role(solution, membership=builds, role=SolutionMember.Role.EDITOR, by=owner)
    give_solution_role(solution, membership=works, role=SolutionMember.Role.USER, by=owner)
    acme = Acme(organization, owner, creator, technician, solution)
    acme.publish(list_customers=LIST_CUSTOMERS, nearby_sites=NEARBY_SITES)
    return acme


@pytest.fixture
def acme(db: None) -> Acme:
    return make_acme()


@pytest.fixture
def browser(client: Client, acme: Acme) -> Client:
    """A browser in which the owner is signed in."""
    client.force_login(acme.owner)
    return client


@pytest.fixture
def stranger(acme: Acme) -> Client:
    """A browser in which an owner of another organization is signed in."""
    eve = register_person("eve@other.example", password=PASSWORD)
    found_organization("Other", owner=eve)
    browser = Client()
    browser.force_login(eve)
    return browser


@pytest.fixture
def editor(acme: Acme) -> Client:
    """A browser in which the solution's editor is signed in."""
    browser = Client()
    browser.force_login(acme.creator)
    return browser


@pytest.fixture
def admin(acme: Acme) -> Client:
    """A browser of a solution's admin, who sees it and does not publish it."""
    role = SolutionMember.Role.ADMIN
    grant = SolutionMemberFactory.create(
        solution=acme.solution, role=role, membership__creator=True
    )
    browser = Client()
    browser.force_login(grant.membership.user)
    return browser
