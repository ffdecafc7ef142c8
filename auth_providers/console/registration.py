"""Making an account in the browser: a code, then a password.

Between the pages the session holds the names, the address, and the id of its proof once it is
proved.
"""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from auth_providers.console.registration_forms import CodeForm, PasswordForm, RegistrationForm
from auth_providers.services.registration import (
    begin_registration,
    finish_registration,
    prove_registration,
    resend_registration_code,
)
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.models.addresses import normal_email

EMAIL_KEY = "registration_email"
NAMES_KEY = "registration_names"
PROOF_KEY = "registration_proof"

View = Callable[[HttpRequest], HttpResponse]


def for_newcomers(*, needs: str | None = None) -> Callable[[View], View]:
    """Let in who is not signed in, and has come so far that the session knows this.

    Everybody else goes to the step where they are.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            if request.user.is_authenticated:
                return redirect("register-organization")
            if needs and needs not in request.session:
                return redirect("register")
            return view(request)

        return guarded

    return guard


@for_newcomers()
def register(request: HttpRequest) -> HttpResponse:
    form = RegistrationForm(_posted(request))
    if form.is_valid():
        with refusals_in_form(form):
            begin_registration(request, now=timezone.now(), **form.cleaned_data)
            request.session.pop(PROOF_KEY, None)
            names = ("first_name", "last_name")
            request.session[NAMES_KEY] = {name: form.cleaned_data[name] for name in names}
            request.session[EMAIL_KEY] = normal_email(form.cleaned_data["email"])
            return redirect("register-code")
    return render(request, "auth_providers/register.html", {"form": form}, status=_status(form))


@for_newcomers(needs=EMAIL_KEY)
def enter_code(request: HttpRequest) -> HttpResponse:
    email = request.session[EMAIL_KEY]
    form = CodeForm(_posted(request))
    if form.is_valid():
        with refusals_in_form(form):
            proved = prove_registration(
                request, email=email, code=form.cleaned_data["code"], now=timezone.now()
            )
            request.session.cycle_key()  # nobody else knows the session that holds the proof
            request.session[PROOF_KEY] = str(proved.pk)
            return redirect("register-password")
    context = {"form": form, "email": email}
    return render(request, "auth_providers/register_code.html", context, status=_status(form))


@require_POST
@for_newcomers(needs=EMAIL_KEY)
def resend_code(request: HttpRequest) -> HttpResponse:
    email = request.session[EMAIL_KEY]
    with refusals_as_messages(request):
        resend_registration_code(request, email=email, now=timezone.now())
        messages.success(request, _("A new code is on its way; the one before is good no more."))
    return redirect("register-code")


@for_newcomers(needs=PROOF_KEY)
def choose_password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(_posted(request))
    if form.is_valid():
        with refusals_in_form(form):
            proof_id = UUID(request.session[PROOF_KEY])
            password = form.cleaned_data["password"]
            names = request.session[NAMES_KEY]
            user = finish_registration(proof_id, password=password, now=timezone.now(), **names)
            for key in (PROOF_KEY, NAMES_KEY, EMAIL_KEY):
                request.session.pop(key, None)
            signed_in: HttpResponse = perform_login(
                request, user, email=user.email, redirect_url=reverse("register-organization")
            )
            return signed_in
    context = {"form": form, "email": request.session.get(EMAIL_KEY, "")}
    return render(request, "auth_providers/register_password.html", context, status=_status(form))


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _status(form: RegistrationForm | CodeForm | PasswordForm) -> int:
    return 422 if form.errors else 200
