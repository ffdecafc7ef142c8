"""What a test sign-in comes to, in words: what would be done, or what to do about a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from auth_providers.services.admission_rules import Would
from auth_providers.services.provider_refusals import refused

# By the code of the refusal, where an administrator can do more than its own sentence says.
ADVICE: Mapping[str, StrPromise] = {
    "access_denied": _(
        "Assign the app to your account with the provider, or grant it what it asks for."
    ),
    "consent_required": _("Consent to the app with the provider, for everybody if it lets you."),
    "id_token_aud": _("Copy the client id again: the ID token is for another client."),
    "id_token_iss": _("Copy the issuer exactly as the provider's metadata has it."),
    "id_token_missing": _("Put openid among the scopes: without it there is no ID token."),
    "id_token_nonce": _(
        "The provider did not send the nonce back. Only where it can't, turn the nonce off."
    ),
    "interaction_required": _("Take prompt=none out of the additional parameters."),
    "invalid_client": _(
        "Paste the client secret again (its value, not its id), see that it has not run out, and "
        "that it is sent as the provider expects it: in the header or in the body."
    ),
    "invalid_grant": _(
        "Use the redirect URL of this page in exactly this spelling with the provider, and let "
        "PKCE be as the provider expects it."
    ),
    "invalid_scope": _("Take out the scopes that the provider does not know."),
    "login_required": _("Take prompt=none out of the additional parameters."),
    "provider_address_refused": _(
        "The provider is in a private network. An operator of this installation can open it."
    ),
    "unauthorized_client": _(
        "Let the app use the authorization code flow, as a web application, with the provider."
    ),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a sign-in would do, as the page shows it."""

    sentence: StrPromise
    icon: str = "circle-check"
    tone: str = "text-positive"


ACTS: Mapping[str, Act] = {
    Would.LINK: Act(_("Link the account at the provider to the account here")),
    Would.CREATE_ACCOUNT: Act(_("Make an account")),
    Would.ACCEPT_INVITE: Act(_("Accept the invitation that waits for this address")),
    Would.CREATE_MEMBER: Act(_("Make a member with the role user and what is chosen")),
    Would.SIGN_IN: Act(_("Sign in")),
    Would.OFFER_ACCESS: Act(
        _("Offer to ask for access: nothing lets this account in by itself"),
        "circle-dashed",
        "text-muted-foreground",
    ),
    Would.REFUSE: Act(_("Refuse"), "circle-alert", "text-destructive"),
}


def acts_in_words(would: Iterable[str]) -> list[Act]:
    return [ACTS[act] for act in would]


def advice_for(code: str) -> StrPromise | str:
    """Return what helps against a refusal, or else what it means."""
    return ADVICE.get(code) or refused(code).detail
