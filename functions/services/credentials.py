"""Saving secrets, which go in and never come out."""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import TypedDict
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.services.vault import seal_secret
from functions.models import Credential, CredentialStamp
from functions.models.credentials import CREDENTIAL_KEY
from jigxmgmt.errors import FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Organization, Solution, User
from orgs.services.audit import record_event
from orgs.services.solutions import hold_solution


class _Place(TypedDict):
    model: str
    field: str


PLACE: _Place = {"model": "functions.credential", "field": "sealed"}


# A name or address as it stands in a URL; a wildcard would match nothing.
HOST = re.compile(r"(?!.*\.\.)[a-z0-9._:-]+")


class NotACredential(Invalid):
    code = "credential_invalid"


class NoSuchCredential(NotFound):
    code = "credential_unknown"


@transaction.atomic
def save_credential(
    solution: Solution,
    *,
    key: str,
    type: Credential.Type,
    secret: str,
    allowed_origins: Sequence[str],
    available_to_devices: bool,
    by: User,
) -> Credential:
    """Seal a secret under this key, in place of any other of the key.

    It goes to the allowed origins only (`https://host[:port]`); none means nowhere. Devices may
    have it only when an owner or admin of the organization says so. Raises NotAllowed,
    SolutionGone or NotACredential.
    """
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    if available_to_devices:
        policies.require(by, policies.Act.CONFIGURE_ALL_SOLUTIONS, solution.organization)
    origins = _checked(solution.organization, key, secret, allowed_origins)
    CredentialStamp.advance(solution)  # first, since it makes a second writer wait
    known = Credential.objects.filter(solution=solution, key=key).first()
    before = _described(known)
    credential = known or Credential(solution=solution, key=key)
    credential.type, credential.allowed_origins = type, origins
    credential.available_to_devices = available_to_devices
    _seal(credential, secret, by=by)
    _record_save(credential, before, by=by)
    return credential


def _seal(credential: Credential, secret: str, *, by: User) -> None:
    """Put a secret into the row, and keep it."""
    credential.saved_by, credential.saved_at = by, timezone.now()
    credential.data_key, credential.sealed = seal_secret(
        secret, organization=credential.solution.organization, row=str(credential.pk), **PLACE
    )
    credential.save()


def _record_save(credential: Credential, before: dict[str, object], *, by: User) -> None:
    after = _described(credential)
    record_event(
        "credential.save",
        by=by,
        subject=credential,
        organization=credential.solution.organization,
        changes={name: (before.get(name), value) for name, value in after.items()},
    )


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


def require_configuring(user: User, solution: Solution) -> None:
    """Raise NotAllowed unless the person may see which credentials there are."""
    policies.require_in_solution(user, policies.SolutionAct.CONFIGURE, solution)


def find_credential(solution: Solution, *, key: str) -> Credential:
    """Return the credential, still sealed; raises NoSuchCredential."""
    credential = Credential.objects.filter(solution=solution, key=key).first()
    if credential is None:
        raise NoSuchCredential(_("This solution has no credential %(key)s.") % {"key": key})
    return credential


def _checked(
    organization: Organization, key: str, secret: str, allowed_origins: Sequence[str]
) -> list[str]:
    faults = []
    if not re.fullmatch(CREDENTIAL_KEY.regex, key):
        faults.append(FieldFault("/key", str(CREDENTIAL_KEY.message), "invalid"))
    if not secret or not secret.isprintable():
        sentence = _("A secret is one line of printable characters.")
        faults.append(FieldFault("/secret/value", sentence, "invalid"))
    origins = [_normal_origin(origin) for origin in allowed_origins]
    for index, origin in enumerate(origins):
        if sentence := _fault_of_origin(origin, organization):
            faults.append(FieldFault(f"/allowed_origins/{index}", sentence, "origin_invalid"))
    if faults:
        raise NotACredential(_("Some fields are at fault."), faults=faults)
    return [origin for origin in dict.fromkeys(origins) if origin is not None]


def _fault_of_origin(origin: str | None, organization: Organization) -> str:
    if origin is None:
        return _("Write scheme and host, as https://api.example.com.")
    if origin.startswith("https://"):
        return ""
    # A name may point elsewhere tomorrow: plain http takes an address that the operator opened.
    host = urlsplit(origin).hostname or ""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return _("A secret travels over https only.")
    networks = (
        *settings.OUTBOUND_ALLOWED_NETWORKS,
        *map(ip_network, organization.allowed_networks),
    )
    if any(address in network for network in networks):
        return ""
    return _("A secret travels over https only, save to networks that the operator allowed.")


def _normal_origin(text: str) -> str | None:
    """Return the origin as RFC 6454 6.2 writes it, or None for what is not one.

    A name in other letters than ASCII is not one: the two standards of IDNA make different hosts
    of it, and a secret must not go to the other.
    """
    try:
        parts = urlsplit(text.strip())
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return None
    has_more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    is_origin = parts.scheme in ("http", "https") and HOST.fullmatch(host) and port != 0
    if has_more or not is_origin:
        return None
    host = f"[{host}]" if ":" in host else host
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != standard else "")


def _described(credential: Credential | None) -> dict[str, object]:
    """Return what an audit event may say of a credential: all but the secret."""
    if credential is None:
        return {}
    return {
        "type": credential.type,
        "allowed_origins": credential.allowed_origins,
        "available_to_devices": credential.available_to_devices,
    }
