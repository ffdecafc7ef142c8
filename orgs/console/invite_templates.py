"""How the organization's invitations read: the languages, and one language's words and looks."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrPromise

from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.invite_template_forms import (
    PART_LABELS,
    InviteTemplateForm,
    LanguageForm,
    RemovalForm,
    typed_of,
)
from orgs.console.pictures import PictureForm
from orgs.console.sandbox import sandboxed
from orgs.mail.invitations import default_language, wording_of
from orgs.mail.placeholders import PLACEHOLDERS
from orgs.mail.wording import Wording
from orgs.models import InviteTemplate
from orgs.models.languages import is_language, language_name
from orgs.services.invite_templates import (
    invite_templates_of,
    missing_translations,
    parts_lacking,
    preview_invitation,
    remove_invite_template,
    save_invite_template,
    send_test_invitation,
)
from orgs.services.mail_folder import has_mail_folder


@dataclass(frozen=True, slots=True)
class Row:
    """A language with its template, and what the default language has that this one lacks."""

    template: InviteTemplate
    name: str
    is_default: bool
    lacks: list[StrPromise]


@console_page
def invite_templates(request: ConsoleRequest) -> HttpResponse:
    rows = _rows(request)
    chosen = LanguageForm(request.GET or None)
    if chosen.is_valid():
        return redirect("invite-template", chosen.cleaned_data["language"])
    context = {
        "rows": rows,
        "missing": missing_translations(request.organization, by=request.user),
        "language_form": LanguageForm(initial={"language": "en"}),
        "logo_form": PictureForm(),
        "has_mail_folder": has_mail_folder(),
    }
    return render(request, "orgs/invite_templates.html", context)


@console_page
def invite_template(request: ConsoleRequest, language: str) -> HttpResponse:
    row = _find(request, language)
    if request.method != "POST":
        saved = wording_of(row.template) if row else Wording()
        return _show(request, language, InviteTemplateForm(wording=saved), row)
    form = InviteTemplateForm(request.POST)
    if form.is_valid():
        with refusals_in_form(form):
            save_invite_template(
                request.organization,
                language=language,
                wording=form.wording(),
                by=request.user,
                now=timezone.now(),
            )
            name = {"language": language_name(language)}
            messages.success(request, _("Invitations in %(language)s read as you wrote.") % name)
            return redirect("invite-template", language)
    return _show(request, language, form, row)


@console_page
def send_test(request: ConsoleRequest, language: str) -> HttpResponse:
    """Send what was typed, saved or not, so the page comes again with all of it."""
    row = _find(request, language)
    if request.method != "POST":  # whoever had to sign in first
        return redirect("invite-template", language)
    form = InviteTemplateForm(request.POST)
    if form.is_valid():
        with refusals_in_form(form):
            send_test_invitation(
                request.organization,
                language=language,
                wording=form.wording(),
                by=request.user,
                now=timezone.now(),
            )
            to = {"email": request.user.email}
            messages.success(request, _("A test is on its way to %(email)s.") % to)
    return _show(request, language, form, row)


@console_page
def remove(request: ConsoleRequest, language: str) -> HttpResponse:
    row = _find(request, language)
    if row is None or request.method != "POST":
        return redirect("invite-templates")
    removal = RemovalForm(request.POST, name=row.name)
    if not removal.is_valid():
        form = InviteTemplateForm(wording=wording_of(row.template))
        return _show(request, language, form, row, removal)
    with refusals_as_messages(request):
        remove_invite_template(row.template, by=request.user)
        messages.success(
            request, _("The invitation in %(language)s is gone.") % {"language": row.name}
        )
    return redirect("invite-templates")


@console_page
def preview(request: ConsoleRequest) -> HttpResponse:
    """Draw what was typed, or else what is saved, as a document that can do nothing."""
    asked = request.POST if request.method == "POST" else request.GET
    language = asked.get("language", "")
    row = _find(request, language)
    saved = wording_of(row.template) if row else Wording()
    form = InviteTemplateForm(request.POST if request.method == "POST" else typed_of(saved))
    if form.is_valid():
        with refusals_in_form(form):
            rendered = preview_invitation(
                request.organization,
                language=language,
                wording=form.wording(),
                by=request.user,
                now=timezone.now(),
                base_url="",
            )
            if asked.get("show") == "text":
                return _sheet(request, "orgs/invite_template_as_text.html", {"rendered": rendered})
            return sandboxed(rendered.html)
    return _preview_faults(request, form)


def _rows(request: ConsoleRequest) -> list[Row]:
    found = list(invite_templates_of(request.organization, by=request.user))
    lacking = parts_lacking(found)
    default = default_language([each.language for each in found]) if found else ""
    rows = [
        Row(
            each,
            language_name(each.language),
            each.language == default,
            [PART_LABELS[part] for part in lacking[each.language]],
        )
        for each in found
    ]
    return sorted(rows, key=lambda row: row.name)


def _find(request: ConsoleRequest, language: str) -> Row | None:
    """Return a language's row, None when nobody has written it; 404 for what is no language."""
    rows = _rows(request)
    if not is_language(language):
        raise Http404
    return next((row for row in rows if row.template.language == language), None)


def _show(
    request: ConsoleRequest,
    language: str,
    form: InviteTemplateForm,
    row: Row | None,
    removal: RemovalForm | None = None,
) -> HttpResponse:
    name = language_name(language)
    removal = removal or RemovalForm(name=name)
    invites = request.organization.invites.open().filter(language__startswith=language)
    context = {
        "code": language,
        "name": name,
        "row": row,
        "form": form,
        "removal": removal,
        "placeholders": [(f"{{{{{each}}}}}", meaning) for each, meaning in PLACEHOLDERS.items()],
        "is_typed": form.is_bound,
        "open_invites": invites.count(),
    }
    status = 422 if form.errors or removal.errors else 200
    return render(request, "orgs/invite_template.html", context, status=status)


def _preview_faults(request: ConsoleRequest, form: InviteTemplateForm) -> HttpResponse:
    faults = [
        (form[name].label if name in form.fields else "", words)
        for name, words in form.errors.items()
    ]
    return _sheet(request, "orgs/invite_template_faults.html", {"faults": faults})


def _sheet(request: ConsoleRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return sandboxed(render(request, template, context).content.decode())
