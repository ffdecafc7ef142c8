"""Saving secrets, which go in and never come out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration
from auth_providers.models.reference_keys import REFERENCE_KEY
from auth_providers.services.oauth_configurations import remove_configuration
from auth_providers.services.outside_grants import end_grants_of_credential
from auth_providers.services.vault import open_secret, ready_vault, seal_secret
from functions.engine.definitions import OUR_TOKEN
from functions.models import Credential, CredentialStamp
from functions.services.origins import checked_origins
from jigxmgmt.errors import FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Solution, User
from orgs.services.audit import record_event
from orgs.services.solutions import hold_solution


class _Place(TypedDict):
    model: str
    field: str


PLACE: _Place = {"model": "functions.credential", "field": "sealed"}


class NotACredential(Invalid):
    code = "credential_invalid"


class NoSuchCredential(NotFound):
    code = "credential_unknown"


@dataclass(frozen=True, slots=True)
class Opened:
    """A row that is about to be filled, and what stood there before."""

    credential: Credential
    before: dict[str, object]
    earlier: OAuthConfiguration | None
    is_widened: bool


def save_credential(
    solution: Solution,
    *,
    key: str,
    type: Credential.Type,
    secret: str,
    allowed_origins: Sequence[str],
    available_to_devices: bool,
    by: User,
    username: str = "",
) -> Credential:
    """Seal a secret under this key, in place of any other of the key.

    It goes to the allowed origins only (`https://host[:port]`); none means nowhere. Devices may
    have it only when an owner or admin of the organization says so. Where the type asks for a user
    name, the secret is the password. It may wait for the vault, so call it in no transaction.
    Raises NotAllowed, SolutionGone or NotACredential.
    """
    ready_vault(solution.organization)
    with transaction.atomic():
        is_basic = type == Credential.Type.BASIC_AUTH
        opened = open_place(
            solution,
            key=key,
            type=type,
            allowed_origins=allowed_origins,
            available_to_devices=available_to_devices,
            faults=_faults_of(secret, username) if is_basic else _faults_of(secret),
            by=by,
        )
        credential = opened.credential
        credential.data_key, credential.sealed = seal_secret(
            f"{username}:{secret}" if is_basic else secret,
            organization=solution.organization,
            row=str(credential.pk),
            **PLACE,
        )
        return keep_credential(opened, by=by)


def open_place(
    solution: Solution,
    *,
    key: str,
    type: Credential.Type,
    allowed_origins: Sequence[str],
    available_to_devices: bool,
    faults: Iterable[FieldFault],
    by: User,
) -> Opened:
    """Hold the solution, ask whether they may, and return the row of the key, emptied.

    What is wrong with the secret is told with all else. Raises NotAllowed, SolutionGone or
    NotACredential.
    """
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    if available_to_devices:
        policies.require(by, policies.Act.CONFIGURE_ALL_SOLUTIONS, solution.organization)
    origins = _checked(solution, key, allowed_origins, faults)
    CredentialStamp.advance(solution)  # first, since it makes a second writer wait
    known = known_credential(solution, key=key)
    before, earlier = _described(known), known.configuration if known else None
    is_widened = bool(set(origins).difference(known.allowed_origins if known else origins))
    credential = known or Credential(solution=solution, key=key)
    credential.type, credential.allowed_origins = type, origins
    credential.available_to_devices = available_to_devices
    credential.sealed = credential.data_key = credential.configuration = None
    return Opened(credential, before, earlier, is_widened)


def keep_credential(opened: Opened, *, by: User) -> Credential:
    """Keep the row that was filled, and record it.

    Consents that were given to another configuration of this key end, and so do those that were
    given for fewer origins: nobody's token may reach a server that they did not mean.
    """
    credential, solution = opened.credential, opened.credential.solution
    credential.saved_by, credential.saved_at = by, timezone.now()
    credential.save()
    if opened.earlier != credential.configuration:
        _leave(opened.earlier, solution=solution, key=credential.key, by=by)
    elif opened.is_widened:
        _end_consents(opened.earlier, solution=solution, key=credential.key, by=by)
    after = _described(credential)
    record_event(
        "credential.save",
        by=by,
        subject=credential,
        organization=solution.organization,
        changes={
            name: (opened.before.get(name), after.get(name)) for name in opened.before | after
        },
    )
    return credential


@transaction.atomic
def remove_credential(solution: Solution, *, key: str, by: User) -> None:
    """Forget a secret; the next call that names it is refused.

    Raises NotAllowed, SolutionGone or NoSuchCredential.
    """
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    CredentialStamp.advance(solution)
    credential = find_credential(solution, key=key)
    record_event("credential.remove", by=by, subject=credential, organization=solution.organization)
    credential.delete()
    _leave(credential.configuration, solution=solution, key=key, by=by)


def require_configuring(user: User, solution: Solution) -> None:
    """Raise NotAllowed unless the person may see which credentials there are."""
    policies.require_in_solution(user, policies.SolutionAct.CONFIGURE, solution)


def find_credential(solution: Solution, *, key: str) -> Credential:
    """Return the credential, still sealed; raises NoSuchCredential."""
    credential = known_credential(solution, key=key)
    if credential is None:
        raise NoSuchCredential(_("This solution has no credential %(key)s.") % {"key": key})
    return credential


def secret_of(credential: Credential) -> str | None:
    """Return the secret, for the one place that needs it now; None while there is none yet."""
    if credential.sealed is None or credential.data_key is None:
        return None
    return open_secret(
        bytes(credential.sealed), data_key=credential.data_key, row=str(credential.pk), **PLACE
    )


def known_credential(solution: Solution, *, key: str) -> Credential | None:
    rows = Credential.objects.select_related("configuration", "saved_by")
    return rows.filter(solution=solution, key=key).first()


def _leave(
    configuration: OAuthConfiguration | None, *, solution: Solution, key: str, by: User
) -> None:
    """End the consents of a key; a configuration that was a part of its credential goes too."""
    _end_consents(configuration, solution=solution, key=key, by=by)
    if configuration is not None and configuration.solution_id is not None:
        remove_configuration(configuration, by=by)


def _end_consents(
    configuration: OAuthConfiguration | None, *, solution: Solution, key: str, by: User
) -> None:
    if configuration is None:
        return
    # Before the consents, as whoever keeps one does: else the two could wait for each other.
    OAuthConfiguration.objects.select_for_update(no_key=True).get(pk=configuration.pk)
    end_grants_of_credential(solution, key, by=by)


def _checked(
    solution: Solution, key: str, allowed_origins: Sequence[str], faults: Iterable[FieldFault]
) -> list[str]:
    found = list(faults)
    if not re.fullmatch(REFERENCE_KEY.regex, key):
        found.insert(0, FieldFault("/key", str(REFERENCE_KEY.message), "invalid"))
    elif key == OUR_TOKEN:
        sentence = _("%(key)s asks for a token of this installation's own; choose another key.")
        found.insert(0, FieldFault("/key", sentence % {"key": key}, "key_reserved"))
    origins, wrong = checked_origins(solution.organization, allowed_origins)
    found += wrong
    if found:
        raise NotACredential(_("Some fields are at fault."), faults=found)
    return origins


def _faults_of(secret: str, username: str | None = None) -> list[FieldFault]:
    """Hold a secret to what a header can carry (RFC 9110 5.5), a user name to RFC 7617 2."""
    faults = []
    if not secret or not secret.isprintable():
        sentence = _("A secret is one line of printable characters.")
        place = "/secret/value" if username is None else "/secret/password"
        faults.append(FieldFault(place, sentence, "invalid"))
    if username is not None and (not username or ":" in username or not username.isprintable()):
        sentence = _("A user name is one line of printable characters without a colon.")
        faults.append(FieldFault("/secret/username", sentence, "invalid"))
    return faults


def _described(credential: Credential | None) -> dict[str, object]:
    """Return what an audit event may say of a credential: all but the secret."""
    if credential is None:
        return {}
    named = {"configuration": str(credential.configuration)} if credential.configuration else {}
    return {
        "type": credential.type,
        "allowed_origins": credential.allowed_origins,
        "available_to_devices": credential.available_to_devices,
        **named,
    }
