"""How an organization's invitations read, one template a language."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from jigxmgmt.errors import NotFound, TooMuch, Unavailable
from orgs import policies
from orgs.mail.invitations import (
    DEFAULT_LANGUAGE,
    Rendered,
    default_language,
    deliver_rendered,
    render_wording,
    wording_of,
)
from orgs.mail.wording import KINDS, Kind, Wording
from orgs.models import Invite, InviteTemplate, Organization, User
from orgs.models.invites import INVITE_LIFETIME
from orgs.models.languages import is_language, language_name
from orgs.services.audit import record_event
from orgs.services.invite_wording import checked_wording

TESTS_AN_HOUR = 20
AN_HOUR = 60 * 60


class NoSuchTemplate(NotFound):
    code = "invite_template_unknown"


class NoSuchLanguage(NotFound):
    code = "language_unknown"


class TooManyTests(TooMuch):
    retry_after = AN_HOUR


class MailNotTaken(Unavailable):
    code = "mail_not_taken"
    retry_after = 60


@dataclass(frozen=True, slots=True)
class MissingTranslation:
    """A language that is in use here, and in which nobody has written the invitation."""

    language: str
    open_invites: int
    people: int

    @property
    def name(self) -> str:
        return language_name(self.language)


def invite_templates_of(organization: Organization, *, by: User) -> QuerySet[InviteTemplate]:
    """Return all of the organization's. Raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    return organization.invite_templates.select_related("changed_by").order_by("language")


def find_invite_template(organization: Organization, *, language: str, by: User) -> InviteTemplate:
    """Return the template of a language. Raises NotAllowed or NoSuchTemplate."""
    template = invite_templates_of(organization, by=by).filter(language=language).first()
    if template is None:
        sentence = _("There is no invitation in %(language)s.")
        raise NoSuchTemplate(sentence % {"language": language_name(language)})
    return template


@transaction.atomic
def save_invite_template(
    organization: Organization, *, language: str, wording: Wording, by: User, now: datetime
) -> InviteTemplate:
    """Write the invitation of a language anew, whole.

    Raises NotAllowed, NoSuchLanguage or WordingInvalid.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    _require_language(language)
    wording = checked_wording(wording)
    template, is_new = InviteTemplate.objects.select_for_update().get_or_create(
        organization=organization, language=language
    )
    changes = _changes(wording_of(template), wording)
    if not changes and not is_new:
        return template
    template.subject, template.parameters = wording.subject, dict(wording.parameters)
    template.html, template.text = wording.html, wording.text
    template.changed_at, template.changed_by = now, by
    template.save()
    record_event(
        "invite_template.create" if is_new else "invite_template.change",
        by=by,
        subject=template,
        organization=organization,
        changes=changes,
    )
    return template


@transaction.atomic
def remove_invite_template(template: InviteTemplate, *, by: User) -> None:
    """Let this language read as the default one does. Raises NotAllowed or NoSuchTemplate."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, template.organization)
    removed, _per_model = InviteTemplate.objects.filter(pk=template.pk).delete()
    if not removed:
        raise NoSuchTemplate(_("Somebody else has removed it already."))
    record_event(
        "invite_template.remove", by=by, subject=template, organization=template.organization
    )


def preview_invitation(
    organization: Organization,
    *,
    language: str,
    wording: Wording,
    by: User,
    now: datetime,
    base_url: str | None = None,
) -> Rendered:
    """Return how an invitation from this person would read, with a link that leads nowhere.

    Raises NotAllowed, NoSuchLanguage or WordingInvalid.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    _require_language(language)
    return render_wording(
        checked_wording(wording),
        language=language,
        invite=_sample_invite(organization, language, by, now),
        link=f"{settings.PUBLIC_URL}/invitations/sample",
        base_url=base_url,
    )


def send_test_invitation(
    organization: Organization, *, language: str, wording: Wording, by: User, now: datetime
) -> None:
    """Send oneself the invitation as it would read; the link in it leads nowhere.

    Raises as preview_invitation, and TooManyTests or MailNotTaken.
    """
    rendered = preview_invitation(organization, language=language, wording=wording, by=by, now=now)
    _count_test(by)
    try:
        deliver_rendered(rendered, to=by.email)
    except (OSError, SMTPException) as error:
        raise MailNotTaken(_("The mail server did not take the message.")) from error
    record_event("invite_template.test", by=by, subject=organization, organization=organization)


def missing_translations(organization: Organization, *, by: User) -> list[MissingTranslation]:
    """Return the languages of open invitations and of people here that nobody has written in.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    written = set(organization.invite_templates.values_list("language", flat=True))
    invites = _by_language(
        organization.invites.open().values_list("language").annotate(Count("pk")).order_by()
    )
    people = _by_language(
        organization.memberships.active()
        .values_list("user__language")
        .annotate(Count("pk"))
        .order_by()
    )
    known = written or {DEFAULT_LANGUAGE}  # in which the built-in wording is
    return [
        MissingTranslation(language, invites.get(language, 0), people.get(language, 0))
        for language in sorted((invites.keys() | people.keys()) - known, key=language_name)
    ]


def parts_lacking(templates: Iterable[InviteTemplate]) -> dict[str, list[str]]:
    """Return, by language, which parts the default language has and this one leaves blank."""
    written = {each.language: wording_of(each).written_parts for each in templates}
    if not written:
        return {}
    wanted = written[default_language(list(written))]
    return {language: sorted(wanted - parts) for language, parts in written.items()}


def _sample_invite(organization: Organization, language: str, by: User, now: datetime) -> Invite:
    """Return an invitation of this person themself, which is kept nowhere."""
    return Invite(
        organization=organization,
        email=by.email,
        first_name=by.first_name,
        last_name=by.last_name,
        language=language,
        invited_by=by,
        expires_at=now + INVITE_LIFETIME,
    )


def _require_language(language: str) -> None:
    """Raise NoSuchLanguage unless this is a code of ISO 639-1."""
    if not is_language(language):
        raise NoSuchLanguage(_("There is no such language."))


def _changes(before: Wording, after: Wording) -> dict[str, tuple[Any, Any]]:
    """Short parts as they were and are; of long ones only how long."""
    changes: dict[str, tuple[Any, Any]] = {}
    for name in ("subject", "html", "text"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            changes[name] = (old, new) if name == "subject" else (len(old), len(new))
    for name, kind in KINDS.items():
        old, new = before.parameters.get(name, ""), after.parameters.get(name, "")
        if old != new:
            is_long = kind is Kind.PARAGRAPHS
            changes[name] = (len(old), len(new)) if is_long else (old, new)
    return changes


def _by_language(counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Add up by two-letter code; a browser's `de-AT` counts as German."""
    sums: dict[str, int] = {}
    for written, count in counted:
        language = written[:2].lower()
        if is_language(language):
            sums[language] = sums.get(language, 0) + count
    return sums


def _count_test(by: User) -> None:
    key = f"orgs.invite-tests.{by.pk}"
    cache.add(key, 0, timeout=AN_HOUR)
    try:
        sent = cache.incr(key)
    except ValueError:  # the hour ended just now
        return
    if sent > TESTS_AN_HOUR:
        sentence = _("You may send yourself %(most)s tests an hour; wait a little.")
        raise TooManyTests(sentence % {"most": TESTS_AN_HOUR})
