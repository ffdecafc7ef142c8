"""A person's own access tokens: made and shown once, extended, revoked."""

import uuid

import orjson
from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.token_forms import NewTokenForm
from auth_providers.models import PersonalAccessToken
from auth_providers.services.personal_access_tokens import (
    CreatedToken,
    create_personal_access_token,
    extend_personal_access_token,
    revoke_personal_access_token,
)
from jigxmgmt.console import add_refusal, refusals_as_messages
from jigxmgmt.errors import DomainError
from orgs.console.entrance import personal_page, posted_from
from orgs.http import UserHttpRequest
from orgs.services.idempotency import AlreadyDone, KeyReused, StillRunning, done_once

MOST_TOKENS = 200


@personal_page
def my_tokens(request: UserHttpRequest) -> HttpResponse:
    context = {"tokens": _own_tokens(request)[:MOST_TOKENS]}
    return render(request, "auth_providers/tokens.html", context)


# A token lives for half a year, much longer than a browser that somebody left open.
@personal_page
@reauthentication_required  # type: ignore[untyped-decorator]
def create_token(request: UserHttpRequest) -> HttpResponse:
    form = NewTokenForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _show_form(request, form)
    try:
        created = _create(request, form)
    except (AlreadyDone, StillRunning):  # the same form again, as by a reload
        messages.info(request, _("This token was made before. Its secret was shown once."))
        return redirect("my-tokens")
    except DomainError as refusal:
        add_refusal(form, refusal)
        return _show_form(request, form)
    return render(request, "auth_providers/token_created.html", {"created": created})


@posted_from("my-tokens")
def extend_token(request: UserHttpRequest, token_id: uuid.UUID) -> HttpResponse:
    token = get_object_or_404(_own_tokens(request), pk=token_id)
    with refusals_as_messages(request):
        extend_personal_access_token(token, by=request.user, now=timezone.now())
        said = _("%(token)s lives until %(day)s.")
        messages.success(
            request, said % {"token": token.name, "day": token.expires_at.date().isoformat()}
        )
    return redirect("my-tokens")


@posted_from("my-tokens")
def revoke_token(request: UserHttpRequest, token_id: uuid.UUID) -> HttpResponse:
    token = get_object_or_404(_own_tokens(request), pk=token_id)
    with refusals_as_messages(request):
        revoke_personal_access_token(token, by=request.user, now=timezone.now())
        messages.success(request, _("%(token)s is revoked.") % {"token": token.name})
    return redirect("my-tokens")


def _create(request: UserHttpRequest, form: NewTokenForm) -> CreatedToken:
    """Make the token once for this form; raises as done_once does, but for another content."""
    wanted = form.cleaned_data
    now = timezone.now()
    body = orjson.dumps([wanted["name"], sorted(wanted["scopes"])])
    try:
        with done_once(
            request.user, act="personal_access_token.create", key=wanted["key"], body=body, now=now
        ) as claim:
            created = create_personal_access_token(
                request.user, name=wanted["name"], scopes=wanted["scopes"], by=request.user, now=now
            )
            claim.subject_id = str(created.token.pk)
            return created
    except KeyReused:  # changed after going back to it: another token, once the person says so
        form.take_new_key()
        raise


def _show_form(request: UserHttpRequest, form: NewTokenForm) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "auth_providers/token_form.html", {"form": form}, status=status)


def _own_tokens(request: UserHttpRequest) -> QuerySet[PersonalAccessToken]:
    return PersonalAccessToken.objects.live(timezone.now()).filter(user=request.user)
