"""The way of a browser to a provider and back.

The verifier stays with the browser, in a cookie of its own for each way, so that several tabs can
be on their way at once and the server alone can complete none.
"""

from collections.abc import Callable, Mapping

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from auth_providers.models import SignInTransaction
from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.arrivals import Arrival
from auth_providers.services.sign_in_transactions import LIFETIME, Begun, NoSuchTransaction
from jigxmgmt.errors import DomainError
from orgs.console.idle import end_if_idle

Purpose = SignInTransaction.Purpose
COOKIE_PATH = "/sign-in/"
SALT = "auth_providers.sign_in.way"


def send_away(
    request: HttpRequest, begin: Callable[[str], Begun], *, back: str = ""
) -> HttpResponse:
    """Begin with a challenge, and answer with a page that leads on to the provider.

    No redirect: where forms may lead nowhere else, that holds for redirects of them as well.
    `back` is a path of ours. Raises what `begin` does.
    """
    verifier = new_verifier()
    begun = begin(challenge_of(verifier))
    context = {"url": begun.authorization_url, "provider": begun.transaction.configuration.name}
    response = render(request, "auth_providers/way_to_provider.html", context)
    response.set_cookie(
        _cookie_of(begun.transaction),
        signing.dumps({"verifier": verifier, "back": back}, salt=SALT),
        max_age=LIFETIME,
        path=COOKIE_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def read_arrival(request: HttpRequest, transaction: SignInTransaction) -> Arrival:
    """Return what the browser brings; without its cookie there is no verifier, which fits none."""
    return Arrival(
        transaction_id=transaction.pk,
        purpose=Purpose(transaction.purpose),
        state=request.GET.get("state", ""),
        code=request.GET.get("code", ""),
        error=request.GET.get("error", ""),
        code_verifier=_carried(request, transaction).get("verifier", ""),
        back=_carried(request, transaction).get("back", ""),
    )


def forget_way(response: HttpResponse, transaction: SignInTransaction) -> None:
    """Take the cookie away: one return is all that it is good for."""
    response.delete_cookie(_cookie_of(transaction), path=COOKIE_PATH, samesite="Lax")


def turn_back(request: HttpRequest, *, page: str) -> HttpResponse | None:
    """Answer who is not signed in any more, for ways that begin and end with somebody signed in.

    The address of what was asked for holds the code, so it is nowhere to come back to.
    """
    if not request.user.is_authenticated:
        return end_way(NoSuchTransaction(_("This sign-in was begun elsewhere.")))
    return end_if_idle(request, page=page)


def end_way(refusal: DomainError) -> HttpResponse:
    """Lead to the page that says why a sign-in came to nothing, and where to go from there."""
    return redirect(f"{reverse('sign-in-ended')}?{urlencode({'reason': refusal.code})}")


def _cookie_of(transaction: SignInTransaction) -> str:
    return f"sign_in_{transaction.pk.hex}"


def _carried(request: HttpRequest, transaction: SignInTransaction) -> Mapping[str, str]:
    carried = request.COOKIES.get(_cookie_of(transaction), "")
    try:
        known: Mapping[str, str] = signing.loads(carried, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return {}
    return known
