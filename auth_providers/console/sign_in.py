"""The console's entrance for people who come by their organization's provider."""

from functools import partial
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from auth_providers.console.forms import EMAIL_KEY
from auth_providers.console.sign_in_reasons import OTHER, REASONS
from auth_providers.console.sign_in_ways import end_way, read_arrival, send_away
from auth_providers.http import remember_provider
from auth_providers.models import OAuthConfiguration, SignInTransaction
from auth_providers.services.console_sign_in import (
    begin_console_sign_in,
    complete_console_sign_in,
    console_options,
    sign_out_address,
)
from auth_providers.services.outside_admission import AccessOffered
from jigxmgmt.errors import DomainError, TooMuch
from orgs.console.views import next_page
from orgs.models.addresses import kept_email

OFFER_KEY = "access_offer"


@require_POST
@sensitive_post_parameters("password")  # the button stands in the form that has one
def by_organization(request: HttpRequest) -> HttpResponse:
    """Go on to the provider of the address's domain; where there are several, let choose."""
    try:
        email = kept_email(request.POST.get("login", ""))
    except ValidationError:
        messages.error(request, _("Type your work e-mail address first."))
        return _back_to_sign_in(request)
    request.session[EMAIL_KEY] = email
    options = console_options(email)
    if not options:
        sentence = _("No single sign-on is set up for this address. Sign in with your password.")
        messages.info(request, sentence)
        return _back_to_sign_in(request)
    if len(options) == 1:
        return _send_away(request, options[0].pk, email=email)
    context = {"options": options, "email": email, "next": next_page(request)}
    return render(request, "auth_providers/sign_in_options.html", context)


@require_POST
def begin(request: HttpRequest, configuration_id: UUID) -> HttpResponse:
    """Go on to the provider that was chosen."""
    return _send_away(request, configuration_id, email=request.POST.get("login", ""))


def arrive_console(request: HttpRequest, transaction: SignInTransaction) -> HttpResponse:
    """Open a session for who came back; asked for a second factor if they have set one up."""
    arrival = read_arrival(request, transaction)
    try:
        came_in = complete_console_sign_in(arrival, now=timezone.now())
    except AccessOffered as offered:
        organization_id = str(transaction.configuration.organization_id)
        token = offered.members["request_token"]
        request.session[OFFER_KEY] = {"token": token, "organization": organization_id}
        return redirect("sign-in-request")
    except DomainError as refusal:
        return end_way(refusal)
    if request.user.is_authenticated and request.user != came_in.user:
        get_adapter(request).logout(request)
    remember_provider(request, came_in.user, came_in.configuration)
    signed_in: HttpResponse = perform_login(
        request,
        came_in.user,
        # The provider is the proof; nothing is mailed to an address that nobody asked about.
        email_verification=EmailVerificationMethod.NONE,
        redirect_url=arrival.back or None,
    )
    return signed_in


@require_safe
def ended(request: HttpRequest) -> HttpResponse:
    """Say why a sign-in came to nothing; the address names one of our own reasons."""
    status, sentence = REASONS.get(request.GET.get("reason", ""), REASONS[OTHER])
    context = {"sentence": sentence}
    return render(request, "auth_providers/sign_in_ended.html", context, status=status)


@require_safe
def signed_out(request: HttpRequest, configuration_id: UUID) -> HttpResponse:
    """Offer the provider's own sign-out to whom it had let in."""
    found = OAuthConfiguration.objects.filter(pk=configuration_id, solution__isnull=True).first()
    url = sign_out_address(found, back=reverse("account_login")) if found else None
    if found is None or url is None:
        return redirect("account_login")
    context = {"provider": found.name, "url": url}
    return render(request, "auth_providers/signed_out.html", context)


def _send_away(request: HttpRequest, configuration_id: UUID, *, email: str) -> HttpResponse:
    beginning = partial(begin_console_sign_in, configuration_id, email=email, now=timezone.now())
    try:
        if not ratelimit.consume(request, action="way_to_provider"):
            raise TooMuch(_("Too many attempts; wait a little."))
        return send_away(
            request,
            lambda challenge: beginning(code_challenge=challenge),
            back=next_page(request),
        )
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return _back_to_sign_in(request)


def _back_to_sign_in(request: HttpRequest) -> HttpResponse:
    query = QueryDict(mutable=True)
    if "next" in request.POST:
        query["next"] = next_page(request)
    address = reverse("account_login")
    return redirect(f"{address}?{query.urlencode()}" if query else address)
