"""An organization with a published solution, and a phone that is signed in to it."""

from dataclasses import dataclass
from typing import Any

import requests
from django.utils import timezone

from auth_providers.services.apps import installation_app
from auth_providers.services.issuing import issue_tokens
from functions.models import Credential
from functions.services.archives import pack_files
from functions.services.connection_fields import ConnectionFields
from functions.services.connections import save_connection
from functions.services.credentials import save_credential
from functions.services.publishing import publish_solution
from orgs.models import Membership, Organization, Solution, SolutionMember, User
from orgs.services.organizations import allow_networks, found_organization
from orgs.services.people import admit_member, register_person
from orgs.services.solutions import create_solution, give_solution_role
from tests.tds import Server

PASSWORD = "correct horse battery staple"
SERVER_NAME = "db.example.test"


@dataclass
class Field:
    """Acme, its owner, and a technician who may run its solution."""

    organization: Organization
    owner: User
    technician: User
    solution: Solution
    address: str
    token: str = ""

    def publish(self, **definitions: str) -> None:
        """Publish functions; an underscore in a name stands for a hyphen."""
        files = {
            f"functions/{name.replace('_', '-')}.jigx": text.encode()
            for name, text in definitions.items()
        }
        publish_solution(self.solution, archive=pack_files(files), by=self.owner)

    def save_api_key(self, key: str, secret: str, *origins: str) -> None:
        save_credential(
            self.solution,
            key=key,
            type=Credential.Type.API_KEY,
            secret=secret,
            allowed_origins=origins,
            available_to_devices=False,
            by=self.owner,
        )

    def save_server(
        self, server: Server, /, *, name: str = "erp", secret: str = PASSWORD, **fields: Any
    ) -> None:
        """Save a connection to a scripted SQL Server."""
        usual = {
            "server": server.host,
            "port": server.port,
            "database": "orders",
            "user_name": "reader",
            "certificate_host_name": SERVER_NAME,
            "connect_retries": 0,
        }
        save_connection(
            self.solution,
            name=name,
            fields=ConnectionFields(**{**usual, **fields}),
            secret=secret,
            by=self.owner,
        )

    def sign_in(self, email: str | None = None) -> None:
        """Give the technician, or somebody else, a phone that is signed in."""
        person = User.objects.get(email=email) if email else self.technician
        self.token = issue_tokens(
            person, app=installation_app(), description={"name": "A phone"}, now=timezone.now()
        ).access_token

    def call(
        self, function: str, body: Any = None, *, key: str | None = None, **parameters: Any
    ) -> requests.Response:
        """Run a function as the phone does."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        path = f"/api/v1/solutions/{self.solution.pk}/functions/{function}/calls"
        body = {"parameters": parameters} if body is None else body
        return requests.post(self.address + path, json=body, headers=headers, timeout=20)


def make_field(address: str) -> Field:
    """Make all of it, in the database that the installation uses."""
    owner = register_person("owner@acme.example", password=PASSWORD)
    organization = found_organization("Acme", owner=owner)
    allow_networks(organization, networks=["127.0.0.0/8"], by=None)
    technician = register_person("mia@acme.example", password=PASSWORD)
    membership = admit_member(
        technician, organization=organization, role=Membership.Role.USER, by=owner
    ).membership
    solution = create_solution(organization, name="field", title="Field", by=owner)
    give_solution_role(solution, membership=membership, role=SolutionMember.Role.USER, by=owner)
    return Field(organization, owner, technician, solution, address)
