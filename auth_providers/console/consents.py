"""Connecting an account from the console: on the way to a provider, and back to where one was."""

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.sign_in_ways import read_arrival, send_away, turn_back
from auth_providers.models import OAuthConfiguration, SignInTransaction
from auth_providers.services.arrivals import callback_url, require_callback
from auth_providers.services.outside_grants import begin_consent, complete_consent
from jigxmgmt.errors import DomainError
from orgs.http import UserHttpRequest
from orgs.models import Solution, User


def send_to_consent(
    request: UserHttpRequest,
    configuration: OAuthConfiguration,
    *,
    solution: Solution,
    credential_key: str,
    back: str,
) -> HttpResponse:
    """Answer with a page that leads on to the provider; `back` is our page to come back to.

    Raises CallbackUnregistered, and as begin_consent does.
    """
    require_callback(configuration)
    beginning = partial(
        begin_consent,
        configuration,
        solution=solution,
        credential_key=credential_key,
        user=request.user,
        redirect_uri=callback_url(),
        now=timezone.now(),
    )
    return send_away(request, lambda challenge: beginning(code_challenge=challenge), back=back)


def arrive_consent(request: HttpRequest, transaction: SignInTransaction) -> HttpResponse:
    """Keep what the person allowed, and return to where they connected from."""
    if goodbye := turn_back(request, page=reverse("my-connections")):
        return goodbye
    assert isinstance(request.user, User)  # noqa: S101 (for types: turn_back has asked)
    arrival = read_arrival(request, transaction)
    back = arrival.back or reverse("my-connections")
    if arrival.error or not arrival.code:
        words = _("%(service)s is not connected: it did not give its consent.")
        messages.error(request, words % {"service": transaction.configuration})
        return redirect(back)
    try:
        grant = complete_consent(
            transaction.pk,
            user=request.user,
            state=arrival.state,
            code=arrival.code,
            code_verifier=arrival.code_verifier,
            now=timezone.now(),
        )
    except DomainError as refusal:  # whichever it is: nobody came here by an address of ours
        messages.error(request, refusal.detail)
        return redirect(back)
    named = {"service": grant.configuration, "solution": grant.solution}
    messages.success(request, _("%(service)s is connected to %(solution)s.") % named)
    return redirect(back)
