"""When a client secret is needed, forbidden, or to be given again."""

from django.utils.translation import gettext as _

from auth_providers.oidc.metadata import ENDPOINTS
from auth_providers.services.configuration_fields import (
    ClientAuthentication,
    ConfigurationFields,
)
from jigxmgmt.errors import FieldFault

LONGEST_SECRET = 1000
# Where the secret and people's tokens go, and as whom.
WAYS = ("issuer", *ENDPOINTS, "client_id", "client_authentication")


def leads_elsewhere(before: ConfigurationFields, fields: ConfigurationFields) -> bool:
    """Answer whether the secret or a refresh token would go elsewhere, or for another client."""
    return any(getattr(before, name) != getattr(fields, name) for name in WAYS)


def secret_to_keep(secret: str | None, fields: ConfigurationFields, *, has_one: bool) -> str | None:
    """Return what to do with the secret; a client that becomes public loses the one it has."""
    is_public = fields.client_authentication == ClientAuthentication.NONE
    if is_public and has_one and secret is None:
        return ""
    return None if secret == "" and not has_one else secret


def faults_of_secret(
    secret: str | None,
    before: ConfigurationFields | None,
    fields: ConfigurationFields,
    *,
    has_one: bool,
) -> list[FieldFault]:
    """Say what is wrong with the secret, or that it is missing; None keeps the one there is.

    Else whoever may edit could have the saved one sent to a server of their own.
    """
    if secret and (len(secret) > LONGEST_SECRET or not secret.isprintable()):
        sentence = _("A secret is one line of at most %(most)s characters.")
        return [_fault(sentence % {"most": LONGEST_SECRET}, "invalid")]
    if fields.client_authentication == ClientAuthentication.NONE:
        sentence = _("A public client has no secret; leave it blank.")
        return [_fault(sentence, "forbidden")] if secret else []
    if not secret and not (has_one and secret is None):
        return [_fault(_("This client authentication needs the secret."), "required")]
    if secret is None and before and leads_elsewhere(before, fields):
        sentence = _("The secret would go elsewhere, or for another client: give it again.")
        return [_fault(sentence, "required_again")]
    return []


def secret_change(secret: str | None, *, has_one: bool) -> dict[str, tuple[object, object]]:
    """Return what an audit event says of the secret: that there is one, never which."""
    if secret is None:
        return {}
    before = "saved" if has_one else None
    after = "replaced" if has_one else "saved"
    return {"secret": (before, after if secret else None)}


def _fault(sentence: str, code: str) -> FieldFault:
    return FieldFault("/client_secret", sentence, code)
