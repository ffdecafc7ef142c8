"""Saving how SQL Servers are reached; the secrets go in and never come out."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TypedDict

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.models.reference_keys import REFERENCE_KEY
from auth_providers.services.vault import open_secret, ready_vault, seal_secret
from functions.models import Connection, CredentialStamp
from functions.services.connection_fields import ConnectionFields, faults_of, fields_of
from jigxmgmt.errors import FieldFault, Invalid, NotFound, pointer
from orgs import policies
from orgs.models import Solution, User
from orgs.services.audit import record_event
from orgs.services.solutions import hold_solution

SignIn = Connection.SignIn
LONGEST_SECRET = 1000
# What the secret of a way to sign in is called.
SECRET_NAMES: Mapping[str, str] = {
    SignIn.PASSWORD: "password",
    SignIn.SERVICE_PRINCIPAL: "client_secret",
}


class _Place(TypedDict):
    model: str
    field: str


PLACE: _Place = {"model": "functions.connection", "field": "sealed"}


class NotAConnection(Invalid):
    code = "connection_invalid"


class NoSuchConnection(NotFound):
    code = "connection_unknown"


def save_connection(
    solution: Solution, *, name: str, fields: ConnectionFields, secret: str, by: User
) -> Connection:
    """Keep a connection under this name, in place of any other of the name.

    Each change takes the secret: else it could be led to a server that nobody gave it for. It may
    wait for the vault, so call it in no transaction. Raises NotAllowed, SolutionGone or
    NotAConnection.
    """
    ready_vault(solution.organization)
    fields = fields.tidied()
    with transaction.atomic():
        hold_solution(solution)
        policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
        _require_whole(name, fields, secret)
        CredentialStamp.advance(solution)  # first, since it makes a second writer wait
        known = known_connection(solution, name=name)
        before = _described(known)
        connection = known or Connection(solution=solution, name=name)
        for field, value in asdict(fields).items():
            setattr(connection, field, value)
        connection.data_key, connection.sealed = seal_secret(
            secret, organization=solution.organization, row=str(connection.pk), **PLACE
        )
        connection.saved_by, connection.saved_at = by, timezone.now()
        connection.tested_at, connection.failed_stage = None, ""
        connection.save()
        _record_save(connection, before, by=by)
    return connection


@transaction.atomic
def remove_connection(solution: Solution, *, name: str, by: User) -> None:
    """Forget a connection; the next call that names it is refused.

    Raises NotAllowed, SolutionGone or NoSuchConnection.
    """
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    CredentialStamp.advance(solution)
    connection = find_connection(solution, name=name)
    record_event("connection.remove", by=by, subject=connection, organization=solution.organization)
    connection.delete()


def find_connection(solution: Solution, *, name: str) -> Connection:
    """Return the connection, still sealed; raises NoSuchConnection."""
    connection = known_connection(solution, name=name)
    if connection is None:
        raise NoSuchConnection(_("This solution has no connection %(name)s.") % {"name": name})
    return connection


def known_connection(solution: Solution, *, name: str) -> Connection | None:
    return solution.connections.select_related("saved_by").filter(name=name).first()


def secret_of(connection: Connection) -> str | None:
    """Return the secret, for the one place that needs it now; None while there is none yet."""
    if connection.sealed is None or connection.data_key is None:
        return None
    return open_secret(
        bytes(connection.sealed), data_key=connection.data_key, row=str(connection.pk), **PLACE
    )


def _require_whole(name: str, fields: ConnectionFields, secret: str) -> None:
    """Raise NotAConnection with all that is wrong."""
    faults = list(faults_of(fields))
    if not re.fullmatch(REFERENCE_KEY.regex, name):
        faults.insert(0, FieldFault("/name", str(REFERENCE_KEY.message), "invalid"))
    place = pointer("secret", SECRET_NAMES.get(fields.sign_in, "password"))
    if not secret:
        sentence = _("Every change asks for the secret again.")
        faults.append(FieldFault(place, sentence, "required"))
    elif not secret.isprintable() or len(secret) > LONGEST_SECRET:
        sentence = _("A secret is one line of printable characters.")
        faults.append(FieldFault(place, sentence, "invalid"))
    if faults:
        raise NotAConnection(_("Some fields are at fault."), faults=faults)


def _record_save(connection: Connection, before: dict[str, object], *, by: User) -> None:
    """Record what was saved; that a server need not prove itself is an event of its own."""
    organization, after = connection.solution.organization, _described(connection)
    record_event(
        "connection.save",
        by=by,
        subject=connection,
        organization=organization,
        changes={field: (before.get(field), after[field]) for field in after},
    )
    if connection.trusts_any_certificate and not before.get("trusts_any_certificate"):
        record_event(
            "connection.trust_any_certificate",
            by=by,
            subject=connection,
            organization=organization,
            changes={"server": (None, connection.server)},
        )


def _described(connection: Connection | None) -> dict[str, object]:
    """Return what an audit event may say of a connection: all but the secret."""
    return asdict(fields_of(connection)) if connection else {}
