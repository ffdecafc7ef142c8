"""Published solutions, their people, credentials and calls for tests."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from functions.models import CallRecord, Connection, Credential, PublishedVersion
from functions.services.archives import pack_files
from functions.services.connection_fields import ConnectionFields
from functions.services.connections import save_connection
from functions.services.credentials import save_credential
from functions.services.publishing import publish_solution
from orgs.models import Membership, Solution, SolutionMember, User
from orgs.tests.factories import SolutionFactory, SolutionMemberFactory

LIST_CUSTOMERS = """\
provider: DATA_PROVIDER_REST
method: GET
url: https://crm.example.com/customers
parameters:
  region: {location: query, type: string, required: true}
  limit: {location: query, type: int, value: 100}
"""
WITH_CREDENTIAL = """\
provider: DATA_PROVIDER_REST
url: https://crm.example.com/customers
parameters:
  accessToken:
    location: header
    required: true
    value: crm
"""
ON_DEVICE = """\
provider: DATA_PROVIDER_REST
url: https://geo.example.com/near
useLocalCall: true
"""
WITH_CONNECTION = """\
provider: DATA_PROVIDER_SQL
method: query
connection: erp
query: SELECT 1 AS id
"""
SECRET = "s3cret-marker"
PASSWORD = "passw0rd-marker"


def archive_of(**definitions: str) -> bytes:
    """Return a folder with these functions as a zip; `a_b` is the file `a-b.jigx`."""
    files = {
        f"functions/{name.replace('_', '-')}.jigx": text.encode()
        for name, text in definitions.items()
    }
    return pack_files({"index.jigx": b"name: field\n", **files})


def creator(solution: Solution, role: SolutionMember.Role) -> User:
    """Make somebody who may enter the console, with this role in the solution."""
    grant = SolutionMemberFactory.create(solution=solution, role=role, membership__creator=True)
    return grant.membership.user


def technician(solution: Solution) -> User:
    """Make somebody who may run the solution on a phone, and no more."""
    return SolutionMemberFactory.create(solution=solution).membership.user


def owner_of(solution: Solution) -> User:
    """Make an owner of the solution and of its organization."""
    grant = SolutionMemberFactory.create(
        solution=solution, role=SolutionMember.Role.OWNER, membership__role=Membership.Role.OWNER
    )
    return grant.membership.user


def publish(solution: Solution, *, by: User, **definitions: str) -> PublishedVersion:
    """Publish a folder with these functions."""
    archive = archive_of(**(definitions or {"list_customers": LIST_CUSTOMERS}))
    return publish_solution(solution, archive=archive, by=by)


def save_secret(
    solution: Solution, *, by: User, key: str = "crm", secret: str = SECRET
) -> Credential:
    """Save an API key that may go to https://crm.example.com."""
    return save_credential(
        solution,
        key=key,
        type=Credential.Type.API_KEY,
        secret=secret,
        allowed_origins=["https://crm.example.com"],
        available_to_devices=False,
        by=by,
    )


def save_server(
    solution: Solution, *, by: User, name: str = "erp", secret: str = PASSWORD, **fields: Any
) -> Connection:
    """Save a connection to the database orders on sql.example.com."""
    usual = {"server": "sql.example.com", "database": "orders", "user_name": "reader"}
    return save_connection(
        solution, name=name, fields=ConnectionFields(**usual | fields), secret=secret, by=by
    )


class CallRecordFactory(DjangoModelFactory[CallRecord]):
    class Meta:
        model = CallRecord

    solution = factory.SubFactory(SolutionFactory)
    organization = factory.SelfAttribute("solution.organization")
    function_name = "list-customers"
    version = 1
    source = CallRecord.Source.DEVICE
    status = CallRecord.Status.OK
