"""What comes back from a provider: browsers to our own pages, codes by whoever brings them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration, SignInTransaction
from auth_providers.services.provider_refusals import AWAY, ProviderRefused, refused
from auth_providers.services.providers import Claims, redeem_code, verify_identity
from jigxmgmt.errors import FieldFault, Invalid

CALLBACK_PATH = "/sign-in/callback"
# RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6.
KNOWN_ERRORS = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "request_not_supported",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    }
)


class CallbackUnregistered(Invalid):
    code = "redirect_uri_unregistered"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a browser brings: from the provider by its address, from here by a cookie."""

    transaction_id: UUID
    purpose: SignInTransaction.Purpose
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""
    back: str = ""


def callback_url() -> str:
    """Return the redirect URL of the console, which each configuration lists that it uses."""
    return f"{settings.PUBLIC_URL}{CALLBACK_PATH}"


def require_callback(configuration: OAuthConfiguration) -> None:
    """Raise CallbackUnregistered unless the configuration lists the console's redirect URL."""
    if callback_url() in configuration.redirect_urls:
        return
    sentence = _("Add %(url)s to the redirect URLs of %(name)s, here and with the provider.")
    sentence %= {"url": callback_url(), "name": configuration}
    fault = FieldFault("/redirect_urls", sentence, CallbackUnregistered.code)
    raise CallbackUnregistered(sentence, faults=[fault])


def identify_arrival(spent: SignInTransaction, *, arrival: Arrival, now: datetime) -> Claims:
    """Return who the provider says has come, for a transaction that was just spent.

    It waits for the network, so call it in no transaction. Raises ProviderRefused, whose code is
    the provider's own error where it sent one.
    """
    if arrival.error or not arrival.code:
        code = arrival.error if arrival.error in KNOWN_ERRORS else "provider_error"
        if code in AWAY:
            raise refused(code)
        raise ProviderRefused(_("The provider did not let you in."), code=code)
    return identify_by_code(spent, code=arrival.code, code_verifier=arrival.code_verifier, now=now)


def identify_by_code(
    spent: SignInTransaction, *, code: str, code_verifier: str, now: datetime
) -> Claims:
    """Return whom the ID token is about that the provider gives for this code.

    It waits for the network, so call it in no transaction. Raises ProviderRefused.
    """
    configuration = spent.configuration
    tokens = redeem_code(
        configuration, code=code, code_verifier=code_verifier, redirect_uri=spent.redirect_uri
    )
    if tokens.id_token is None:
        sentence = _("The provider sent no ID token; is the scope openid asked for?")
        raise ProviderRefused(sentence, code="id_token_missing")
    return verify_identity(
        configuration,
        tokens.id_token,
        nonce_digest=spent.nonce_digest,
        now=now,
        access_token=tokens.access_token,
    )
