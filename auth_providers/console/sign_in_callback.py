"""The one address to which providers send browsers back (RFC 6749 4.1.2)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from auth_providers.console.consents import arrive_consent
from auth_providers.console.sign_in import arrive_console
from auth_providers.console.sign_in_methods import arrive_link
from auth_providers.console.sign_in_ways import end_way, forget_way
from auth_providers.console.test_sign_ins import arrive_test
from auth_providers.models import SignInTransaction
from auth_providers.services.providers import ProviderRefused, check_response_issuer
from auth_providers.services.sign_in_transactions import NoSuchTransaction, transaction_id_of

Purpose = SignInTransaction.Purpose
# What a browser that comes back meets, by what it left for.
ARRIVALS: dict[str, Callable[[HttpRequest, SignInTransaction], HttpResponse]] = {
    Purpose.CONSOLE: arrive_console,
    Purpose.TEST: arrive_test,
    Purpose.LINK: arrive_link,
    Purpose.CONSENT: arrive_consent,
}


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take what the provider says, and lead on, so that it stays in no address bar or referrer."""
    transaction = _find(request)
    if transaction is None:
        sentence = _("There is no such sign-in, or it was begun elsewhere.")
        response = end_way(NoSuchTransaction(sentence))
    else:
        response = _arrive(request, transaction)
    if transaction:
        forget_way(response, transaction)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _arrive(request: HttpRequest, transaction: SignInTransaction) -> HttpResponse:
    try:
        check_response_issuer(transaction.configuration, request.GET.get("iss"))
    except ProviderRefused as refusal:
        return end_way(refusal)
    return ARRIVALS[transaction.purpose](request, transaction)


def _find(request: HttpRequest) -> SignInTransaction | None:
    """Return whose answer this is by its state; whether that is all of it, its view asks."""
    if (transaction_id := transaction_id_of(request.GET.get("state", ""))) is None:
        return None
    known = SignInTransaction.objects.filter(pk=transaction_id, purpose__in=ARRIVALS)
    return known.select_related("configuration").first()
