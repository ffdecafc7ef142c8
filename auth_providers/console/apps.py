"""The organization's mobile apps: registering them, changing them, ending them."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.app_forms import AppForm, AppRemovalForm
from auth_providers.models import App
from auth_providers.services.apps import (
    apps_of,
    change_app,
    create_app,
    devices_signed_in,
    remove_app,
)
from jigxmgmt.console import refusals_in_form
from orgs.console.entrance import ConsoleRequest, console_page


@console_page
def apps(request: ConsoleRequest) -> HttpResponse:
    registered = apps_of(request.organization, by=request.user)
    return render(request, "auth_providers/apps.html", {"apps": registered})


@console_page
def create(request: ConsoleRequest) -> HttpResponse:
    apps_of(request.organization, by=request.user)
    form = AppForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusals_in_form(form):
            app = create_app(request.organization, by=request.user, **form.cleaned_data)
            messages.success(request, _("%(name)s was registered.") % {"name": app.name})
            return redirect("app", app.pk)
    status = 422 if form.errors else 200
    return render(request, "auth_providers/app_new.html", {"form": form}, status=status)


@console_page
def app(request: ConsoleRequest, app_id: uuid.UUID) -> HttpResponse:
    found = _find(request, app_id)
    form = AppForm(request.POST if request.method == "POST" else None, initial=_shown(found))
    if form.is_valid():
        with refusals_in_form(form):
            changed = change_app(found, by=request.user, **form.cleaned_data)
            messages.success(request, _("%(name)s was saved.") % {"name": changed.name})
            return redirect("app", found.pk)
    return _show(request, found, form=form)


@console_page
def remove(request: ConsoleRequest, app_id: uuid.UUID) -> HttpResponse:
    found = _find(request, app_id)
    if request.method != "POST":
        return redirect("app", found.pk)
    form = AppRemovalForm(request.POST, name=found.name)
    if form.is_valid():
        with refusals_in_form(form):
            remove_app(found, typed_name=form.cleaned_data["typed"], by=request.user)
            messages.success(request, _("%(name)s was removed.") % {"name": found.name})
            return redirect("apps")
    return _show(request, found, removal_form=form)


def _find(request: ConsoleRequest, app_id: uuid.UUID) -> App:
    return get_object_or_404(apps_of(request.organization, by=request.user), pk=app_id)


def _shown(found: App) -> dict[str, object]:
    return {
        "name": found.name,
        "platforms": found.platforms,
        "redirect_urls": "\n".join(found.redirect_urls),
        "is_first_party": found.is_first_party,
    }


def _show(
    request: ConsoleRequest,
    found: App,
    *,
    form: AppForm | None = None,
    removal_form: AppRemovalForm | None = None,
) -> HttpResponse:
    form = form or AppForm(initial=_shown(found))
    context = {
        "app": found,
        "form": form,
        "removal_form": removal_form or AppRemovalForm(name=found.name),
        "devices": devices_signed_in(found, now=timezone.now()),
    }
    is_refused = form.errors or (removal_form and removal_form.errors)
    return render(request, "auth_providers/app.html", context, status=422 if is_refused else 200)
