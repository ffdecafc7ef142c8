"""What people read when a provider can't be used; programs read the code."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from auth_providers.oidc.documents import ProviderFault
from jigxmgmt.errors import DomainError, Unavailable
from jigxmgmt.outbound import (
    AddressRefused,
    BadRequest,
    OutboundFailure,
    TimedOut,
    TooLarge,
    Unreachable,
)

# Of what passes by itself; the last two are the provider's own (RFC 6749 4.1.2.1).
AWAY = frozenset(
    {
        "provider_timeout",
        "provider_unavailable",
        "provider_unreachable",
        "server_error",
        "temporarily_unavailable",
    }
)
_CODE_OF_FAILURE: dict[type[OutboundFailure], str] = {
    AddressRefused: "provider_address_refused",
    BadRequest: "provider_url_refused",
    TimedOut: "provider_timeout",
    TooLarge: "provider_answer_too_large",
    Unreachable: "provider_unreachable",
}
_SENTENCES: dict[str, Promise] = {
    "access_denied": gettext_lazy("The provider refused access."),
    "client_secret_missing": gettext_lazy("Give the client secret, or choose a public client."),
    "endpoint_missing": gettext_lazy("Give the issuer, or the endpoint itself."),
    "endpoint_refused": gettext_lazy("An endpoint must be an https address."),
    "id_token_aud": gettext_lazy("The ID token is for another client: check the client id."),
    "id_token_expired": gettext_lazy("The ID token has expired: check the clocks."),
    "id_token_iat_future": gettext_lazy("The ID token is from the future: check the clocks."),
    "id_token_iss": gettext_lazy("The ID token is of another issuer."),
    "id_token_key_unknown": gettext_lazy("The provider does not publish the ID token's key."),
    "invalid_client": gettext_lazy("The provider did not accept the client id or secret."),
    "invalid_grant": gettext_lazy("The provider did not accept the code or token any more."),
    "issuer_malformed": gettext_lazy("An issuer is an https address without query or template."),
    "issuer_unset": gettext_lazy("Give the issuer: without it no ID token can be checked."),
    "metadata_issuer_mismatch": gettext_lazy(
        "The provider's metadata names another issuer. Copy the issuer exactly as it stands there."
    ),
    "provider_address_refused": gettext_lazy("The provider's address may not be reached."),
    "provider_timeout": gettext_lazy("The provider did not answer in time."),
    "provider_unavailable": gettext_lazy("The provider is not available just now."),
    "provider_unreachable": gettext_lazy("The provider can't be reached."),
    "server_error": gettext_lazy("The provider is not available just now."),
    "temporarily_unavailable": gettext_lazy("The provider is not available just now."),
    "response_issuer_mismatch": gettext_lazy("The answer came from another provider."),
}
_SENTENCES_BY_START: tuple[tuple[str, Promise], ...] = (
    ("id_token_", gettext_lazy("The provider's ID token breaks a rule.")),
    ("key", gettext_lazy("The provider's keys can't be used.")),
    ("metadata_", gettext_lazy("The provider's metadata can't be used.")),
)


class ProviderRefused(DomainError):
    """What the provider said or sent can't be used; the code tells which rule it broke."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ProviderAway(ProviderRefused, Unavailable):
    """The provider does not answer, or says that it can't just now: trying again may help."""

    retry_after = 10


def refused(code: str) -> ProviderRefused:
    """Return the refusal of this code with the sentence for it."""
    kind = ProviderAway if code in AWAY else ProviderRefused
    return kind(_sentence_of(code), code=code)


def _sentence_of(code: str) -> str:
    if code in _SENTENCES:
        return str(_SENTENCES[code])
    for start, sentence in _SENTENCES_BY_START:
        if code.startswith(start):
            return str(sentence)
    return _("The provider's answer can't be used.")


@contextmanager
def faults_as_refusals() -> Iterator[None]:
    """Raise ProviderRefused for what the protocol or the network refused."""
    try:
        yield
    except ProviderFault as fault:
        code = fault.code
    except OutboundFailure as failure:
        code = _CODE_OF_FAILURE[type(failure)]
    else:
        return
    # Outside the except clauses, so that nothing of what was sent hangs on it.
    raise refused(code)
