"""Signing in to the console through an organization's own provider."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration, SignInTransaction
from auth_providers.services.apps import installation_app
from auth_providers.services.arrivals import Arrival, callback_url, identify_arrival
from auth_providers.services.outside_admission import admit_claims, refuse_sign_in
from auth_providers.services.provider_refusals import ProviderAway, ProviderRefused
from auth_providers.services.providers import end_session_url_of
from auth_providers.services.routing import find_options, find_way
from auth_providers.services.sign_in_transactions import (
    Begun,
    begin_transaction,
    spend_transaction,
)
from jigxmgmt.errors import NotFound
from orgs.models import User

CONSOLE = SignInTransaction.Purpose.CONSOLE
DEVICE = "The console"


class NoSuchWay(NotFound):
    code = "configuration_unknown"


@dataclass(frozen=True, slots=True)
class CameIn:
    """Who was let in, and by which configuration."""

    user: User
    configuration: OAuthConfiguration


def console_options(email: str) -> list[OAuthConfiguration]:
    """Return by which configurations people of this address's domain come into the console."""
    options = find_options(email=email, app=installation_app(), redirect_uri=callback_url())
    return [option.configuration for option in options]


def begin_console_sign_in(
    configuration_id: UUID, *, email: str, code_challenge: str, now: datetime
) -> Begun:
    """Send somebody to one of the providers of their address's domain.

    Raises NoSuchWay, or what begin_transaction does.
    """
    app = installation_app()
    way = None
    if email:  # without one, the way of anybody would do
        way = find_way(configuration_id, email=email, app=app, redirect_uri=callback_url())
    if way is None:
        raise NoSuchWay(_("There is no such single sign-on."))
    return begin_transaction(
        way,
        purpose=CONSOLE,
        redirect_uri=callback_url(),
        code_challenge=code_challenge,
        now=now,
        email=email,
    )


def complete_console_sign_in(arrival: Arrival, *, now: datetime) -> CameIn:
    """Return who came back, an active member now, with what that took.

    It waits for the network, so call it in no transaction. Raises ProviderRefused, SsoRefused,
    AccessOffered, or what spend_transaction does.
    """
    spent = spend_transaction(
        arrival.transaction_id,
        purpose=CONSOLE,
        state=arrival.state,
        code_verifier=arrival.code_verifier,
        now=now,
    )
    try:
        claims = identify_arrival(spent, arrival=arrival, now=now)
    except ProviderRefused as refusal:
        refused = refuse_sign_in(spent.configuration, refusal.code, who=spent.email)
        # The provider's own word is the person's affair; what was wrong with it an admin's.
        is_told = arrival.error or isinstance(refusal, ProviderAway)
        raise (refusal if is_told else refused) from refusal
    admitted = admit_claims(
        spent.configuration, claims, app=installation_app(), now=now, device=DEVICE
    )
    return CameIn(admitted.user, spent.configuration)


def sign_out_address(configuration: OAuthConfiguration, *, back: str) -> str | None:
    """Return where the provider's own session ends, to come back to a path of ours; if it can."""
    return end_session_url_of(
        configuration, post_logout_redirect_uri=f"{settings.PUBLIC_URL}{back}"
    )
