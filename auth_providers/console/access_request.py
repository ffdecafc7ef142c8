"""Asking to be let in, for whom a provider knows and nobody has provisioned.

The token stays in the session; the page shows what became of the one request it is good for.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from auth_providers.console.registration_forms import RequestForm
from auth_providers.console.sign_in import OFFER_KEY
from jigxmgmt.console import refusals_in_form
from orgs.models import JoinRequest, Organization
from orgs.services.access_offers import NoSuchOffer, find_offered_request, request_by_offer


@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_access(request: HttpRequest) -> HttpResponse:
    """Show the form, or the request once it is made; a POST makes it."""
    offer = request.session.get(OFFER_KEY)
    if offer is None:
        return redirect("account_login")
    organization = get_object_or_404(Organization, pk=offer["organization"])
    form = RequestForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in_form(form):
            request_by_offer(
                offer["token"],
                organization_id=UUID(offer["organization"]),
                message=form.cleaned_data["message"],
                now=timezone.now(),
            )
            return redirect("sign-in-request")
    context = {"form": form, "organization": organization, "made": _made(offer["token"])}
    status = 422 if form.errors else 200
    return render(request, "auth_providers/sign_in_request.html", context, status=status)


def _made(token: str) -> JoinRequest | None:
    try:
        return find_offered_request(token, now=timezone.now())
    except NoSuchOffer:
        return None
