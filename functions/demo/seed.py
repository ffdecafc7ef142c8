"""The demo organization: made at the first start, kept at every later one."""

import re
import secrets
from pathlib import Path
from typing import TypedDict

from django.db import transaction
from django.utils import timezone

from auth_providers.services.apps import installation_app
from functions.demo.people import seed_people
from functions.models import Credential
from functions.services.archives import Files, pack_files, read_archive
from functions.services.credentials import save_credential
from functions.services.publishing import publish_solution
from orgs.models import Membership, Organization, Solution, SolutionMember, User
from orgs.services.organizations import allow_networks, found_organization
from orgs.services.people import admit_member, register_person
from orgs.services.solutions import create_solution, give_solution_role

ORGANIZATION = "Demo"
OWNER = "owner@demo.example"
APP_USER = "technician@demo.example"
SOLUTION = "field-service"
STOCK_KEY = "demo-stock-key"
FOLDER = Path(__file__).parent / "solution"
# What stands in the folder for the demo service's address, and what was put there.
PLACEHOLDER = b"https://demo.invalid"
ADDRESS = re.compile(rb"http://127\.0\.0\.1:\d+")


class Demo(TypedDict):
    """Who and what the demo consists of; passwords only when they were made just now."""

    client_id: str
    solution_id: str
    owner: str
    owner_password: str | None
    app_user: str
    app_user_password: str | None


@transaction.atomic
def seed_demo(service_url: str, *, service_key: str) -> Demo:
    """Make what is missing of the demo, and let its functions call the service at this address.

    What people changed since, also their own version of the solution, stays as it is.
    """
    owner, owner_password = _person(OWNER, "Olive", "Owner")
    app_user, app_user_password = _person(APP_USER, "Theo", "Technician")
    solution = _solution(owner, app_user)
    _publish(solution, service_url, service_key, owner)
    return {
        "client_id": installation_app().client_id,
        "solution_id": str(solution.pk),
        "owner": OWNER,
        "owner_password": owner_password,
        "app_user": APP_USER,
        "app_user_password": app_user_password,
    }


def _person(email: str, first_name: str, last_name: str) -> tuple[User, str | None]:
    if existing := User.objects.filter(email=email).first():
        return existing, None
    password = secrets.token_urlsafe(12)
    user = register_person(email, password=password, first_name=first_name, last_name=last_name)
    return user, password


def _solution(owner: User, app_user: User) -> Solution:
    mine = owner.memberships.active().owners().filter(organization__name=ORGANIZATION).first()
    if mine:
        organization = mine.organization
    else:
        organization = found_organization(ORGANIZATION, owner=owner)
        seed_people(organization, owner=owner, now=timezone.now())
    if existing := organization.solutions.filter(name=SOLUTION).first():
        return existing
    solution = create_solution(organization, name=SOLUTION, title="Field service", by=owner)
    membership = admit_member(
        app_user, organization=organization, role=Membership.Role.USER, by=owner
    ).membership
    give_solution_role(solution, membership=membership, role=SolutionMember.Role.USER, by=owner)
    return solution


def _publish(solution: Solution, service_url: str, service_key: str, owner: User) -> None:
    """Save the service's key and publish the folder, unless both are there for this address."""
    template = _template()
    files = {
        path: text.replace(PLACEHOLDER, service_url.encode()) for path, text in template.items()
    }
    current = _current_files(solution)
    if current == files or (current and _without_address(current) != template):
        return
    _open_loopback(solution.organization)
    save_credential(
        solution,
        key=STOCK_KEY,
        type=Credential.Type.API_KEY,
        secret=service_key,
        allowed_origins=[service_url],
        available_to_devices=True,  # for what the devices run themselves
        by=owner,
    )
    publish_solution(solution, archive=pack_files(files), by=owner)


def _template() -> Files:
    paths = (path for path in sorted(FOLDER.rglob("*")) if path.is_file())
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}


def _current_files(solution: Solution) -> Files:
    version = solution.versions.filter(number=solution.version).first()
    return read_archive(bytes(version.archive)) if version else {}


def _without_address(files: Files) -> Files:
    return {path: ADDRESS.sub(PLACEHOLDER, text) for path, text in files.items()}


def _open_loopback(organization: Organization) -> None:
    """Let this organization, and no other, reach the demo service."""
    allow_networks(organization, networks=["127.0.0.1/32"], by=None)
