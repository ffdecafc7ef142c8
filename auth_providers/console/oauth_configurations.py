"""The OAuth configurations of an organization: what there is, a new one, its image, its end."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from auth_providers.console.configuration_editor import Editor, act, opened, sent
from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_fields import fields_of
from auth_providers.services.configuration_presets import PRESETS
from auth_providers.services.configuration_uses import uses_of, with_uses
from auth_providers.services.oauth_configurations import (
    organization_configurations,
    proved_patterns,
    remove_configuration,
    set_configuration_image,
)
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.domain_forms import RemovalForm
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.pictures import PictureForm


@console_page
def oauth_configurations(request: ConsoleRequest) -> HttpResponse:
    configurations = list(
        with_uses(organization_configurations(request.organization, by=request.user))
    )
    patterns = {row.pattern for one in configurations for row in one.domains.all()}
    context = {
        "configurations": configurations,
        "proved": proved_patterns(request.organization, patterns),
        "presets": PRESETS.values(),
    }
    return render(request, "auth_providers/oauth_configurations.html", context)


@console_page
def create(request: ConsoleRequest) -> HttpResponse:
    """Ask for the kind of provider first; then its form, with the steps beside it."""
    organization_configurations(request.organization, by=request.user)
    preset = PRESETS.get(request.GET.get("type", ""))
    if preset is None:
        context = {"presets": PRESETS.values()}
        return render(request, "auth_providers/oauth_configuration_types.html", context)
    fields = preset.fields()
    if request.method != "POST":
        return _new(opened(request, None, fields))
    editor = sent(request, None, fields)
    return act(editor) or _new(editor)


@console_page
def oauth_configuration(request: ConsoleRequest, configuration_id: uuid.UUID) -> HttpResponse:
    found = _find(request, configuration_id)
    fields = fields_of(found)
    if request.method != "POST":
        return _edit(opened(request, found, fields))
    editor = sent(request, found, fields)
    return act(editor) or _edit(editor)


@console_page
def image(request: ConsoleRequest, configuration_id: uuid.UUID) -> HttpResponse:
    found = _find(request, configuration_id)
    if request.method != "POST":  # whoever had to sign in first
        return redirect("oauth-configuration", found.pk)
    if "remove" in request.POST:
        set_configuration_image(found, uploaded=None, by=request.user)
        messages.success(request, _("People see the name alone."))
        return redirect("oauth-configuration", found.pk)
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choose a picture first."))
        return redirect("oauth-configuration", found.pk)
    with refusals_as_messages(request):
        set_configuration_image(found, uploaded=form.uploaded(), by=request.user)
        messages.success(request, _("People see the new image from now on."))
    return redirect("oauth-configuration", found.pk)


@console_page
def remove(request: ConsoleRequest, configuration_id: uuid.UUID) -> HttpResponse:
    """Show what uses it; only what nothing uses can go."""
    found = _find(request, configuration_id)
    form = RemovalForm(request.POST if request.method == "POST" else None, expected=found.name)
    if form.is_valid():
        with refusals_in_form(form):
            remove_configuration(found, by=request.user)
            messages.success(request, _("%(name)s was removed.") % {"name": found.name})
            return redirect("oauth-configurations")
    context = {"configuration": found, "form": form, "uses": uses_of(found)}
    status = 422 if form.errors else 200
    return render(request, "auth_providers/oauth_configuration_remove.html", context, status=status)


def _find(request: ConsoleRequest, configuration_id: uuid.UUID) -> OAuthConfiguration:
    own = organization_configurations(request.organization, by=request.user)
    return get_object_or_404(own, pk=configuration_id)


def _new(editor: Editor) -> HttpResponse:
    return editor.page("auth_providers/oauth_configuration_new.html")


def _edit(editor: Editor) -> HttpResponse:
    found = editor.configuration
    assert found is not None  # noqa: S101 (for types)
    patterns = [domain.pattern for domain in found.domains.all()]
    return editor.page(
        "auth_providers/oauth_configuration.html",
        configuration=found,
        patterns=patterns,
        proved=proved_patterns(found.organization, patterns),
        uses=uses_of(found),
        image_form=PictureForm(auto_id="image_%s", label_suffix=""),
    )
