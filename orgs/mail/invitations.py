"""Invitations by mail, in the organization's own words or in ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse

from orgs.mail.colours import WHITE, ink_on
from orgs.mail.html import faults_in_html
from orgs.mail.placeholders import (
    fill,
    fill_html,
    fill_line,
    is_link_glued,
    names_in,
    one_line,
)
from orgs.mail.wording import BUILT_IN, Wording
from orgs.models import Invite, InviteTemplate, Organization

DEFAULT_LANGUAGE = "en"
STORES = {"app_store": "App Store", "google_play": "Google Play"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail as it leaves; its bodies hold the link, so they are not in `repr`."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def deliver_rendered(rendered: Rendered, *, to: str) -> None:
    """Send an invitation as text and as HTML.

    Raises OSError (smtplib.SMTPException is one) when the mail server does not take it, or
    ValueError for an address that cannot be written into a mail.
    """
    message = EmailMultiAlternatives(rendered.subject, rendered.text, to=[to])
    message.attach_alternative(rendered.html, "text/html")
    message.send()


def render_invitation(invite: Invite, *, link: str) -> Rendered:
    """Return the mail of an invitation, in the words of its organization's template."""
    template = _choose_template(invite.organization, invite.language)
    language = template.language if template else DEFAULT_LANGUAGE
    wording = _without_leaks(wording_of(template)) if template else Wording()
    return render_wording(wording, language=language, invite=invite, link=link)


def _choose_template(organization: Organization, language: str) -> InviteTemplate | None:
    """Return the template of this language, else of the default one; None for the built-in."""
    templates = organization.invite_templates
    languages = list(templates.order_by("language").values_list("language", flat=True))
    if not languages:
        return None
    wanted = language[:2].lower()
    chosen = wanted if wanted in languages else default_language(languages)
    return templates.filter(language=chosen).first()


def default_language(languages: list[str]) -> str:
    """Return the language that stands in for one that is missing: English, or else the first."""
    return DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in languages else min(languages)


def _without_leaks(wording: Wording) -> Wording:
    """Leave to the built-in wording what was saved once and would give the link to others."""
    return Wording(
        subject="" if "link" in names_in(wording.subject) else wording.subject,
        parameters={
            name: text for name, text in wording.parameters.items() if not is_link_glued(text)
        },
        html="" if faults_in_html(wording.html) else wording.html,
        text="" if is_link_glued(wording.text) else wording.text,
    )


def wording_of(template: InviteTemplate) -> Wording:
    return Wording(
        subject=template.subject,
        parameters=template.parameters,
        html=template.html,
        text=template.text,
    )


def render_wording(
    wording: Wording, *, language: str, invite: Invite, link: str, base_url: str | None = None
) -> Rendered:
    """Return an invitation in these words; pictures are at `base_url`, else at the PUBLIC_URL."""
    base_url = settings.PUBLIC_URL if base_url is None else base_url
    values = _values(wording, language=language, invite=invite, link=link, base_url=base_url)
    if wording.html:
        html = fill_html(wording.html, values)
    else:
        html = _built_in_html(wording, language=language, values=values, base_url=base_url)
    text = fill(wording.text, values) if wording.text else _built_in_text(wording, values)
    return Rendered(subject=fill_line(wording.part("subject"), values), text=text, html=html)


def _values(
    wording: Wording, *, language: str, invite: Invite, link: str, base_url: str
) -> Mapping[str, str]:
    organization = invite.organization
    logo = organization.logo_id
    values = {
        "first_name": invite.first_name,
        "last_name": invite.last_name,
        "email": invite.email,
        "organization": organization.name,
        "inviter": invite.invited_by.display_name if invite.invited_by else organization.name,
        "role": invite.get_role_display(),
        "link": link,
        "expires": format_date(invite.expires_at, format="long", locale=_locale(language)),
        "logo": f"{base_url}{reverse('picture', args=[logo])}" if logo else "",
        **{store: wording.part(store) for store in STORES},
    }
    return {name: one_line(value) for name, value in values.items()}


def _built_in_html(
    wording: Wording, *, language: str, values: Mapping[str, str], base_url: str
) -> str:
    words = {name: fill(wording.part(name), values).strip() for name in BUILT_IN}
    accent, background = words["accent"], words["background"]
    icon = f"mail/{words['icon']}-{'light' if ink_on(accent) == WHITE else 'dark'}.png"
    is_own_background = background != BUILT_IN["background"]
    context: dict[str, Any] = words | {
        **{name: _paragraphs_of(words[name]) for name in ("body", "note", "footer")},
        "language": language,
        "direction": _locale(language).text_direction,
        "accent_ink": ink_on(accent),
        "background_ink": ink_on(background) if is_own_background else "#52525b",
        "follows_dark_mode": not is_own_background,
        "organization": values["organization"],
        "link": values["link"],
        "logo_url": values["logo"],
        "icon_url": f"{base_url}{static(icon)}" if words["icon"] else "",
        "stores": _stores(values),
    }
    return render_to_string("mail/invitation.html", context)


def _built_in_text(wording: Wording, values: Mapping[str, str]) -> str:
    words = {name: fill(wording.part(name), values).strip() for name in BUILT_IN}
    stores = "\n".join(f"{name}: {url}" for name, url in _stores(values))
    paragraphs = [
        words["greeting"],
        words["body"],
        f"{words['button']}:\n{values['link']}",
        words["note"],
        stores,
        words["footer"],
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _paragraphs_of(text: str) -> list[str]:
    """Return what blank lines part."""
    return [part.strip() for part in re.split(r"\n[ \t]*\n", text) if part.strip()]


def _stores(values: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, values[store]) for store, name in STORES.items() if values[store]]


def _locale(language: str) -> Locale:
    """Return how dates are written in a language; as in English where nobody has said."""
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")
