"""What every page shows around itself: the organization, the sections, the theme."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orgs.console.sections import PERSONAL_PAGES, SECTIONS, Page
from orgs.models import Membership, Organization, User
from orgs.policies import (
    ORGANIZATION_ROLES,
    SUPPORT_ACTS,
    Act,
    SupportAccess,
    acts_of,
    supported,
)
from orgs.services.mail_folder import has_mail_folder

SESSION_KEY = "organization"
THEME_COOKIE = "theme"
THEMES = ("light", "dark")
# More than anybody has; it keeps the list, and the query, bounded.
MOST_ORGANIZATIONS = 100


@dataclass(frozen=True, slots=True)
class Link:
    label: StrPromise
    icon: str
    url: str
    is_current: bool
    name: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Section:
    title: StrPromise
    pages: list[Link]


@dataclass(frozen=True, slots=True)
class Place:
    """An organization that the person may look at, as a member or as support for a time."""

    organization: Organization
    role: StrPromise | str
    acts: frozenset[Act]
    membership: Membership | None = None


class Shell:
    """The frame of one request's page. It asks the database only for what a template shows."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def theme(self) -> str:
        """The class of the page: `light`, `dark`, or nothing, where the system decides."""
        choice = self._request.COOKIES.get(THEME_COOKIE, "")
        return choice if choice in THEMES else ""

    @cached_property
    def places(self) -> list[Place]:
        """Where this person may enter the console."""
        user = self._request.user
        if not isinstance(user, User):
            return []
        places = [
            Place(
                membership.organization,
                membership.get_role_display(),
                acts_of(membership.role),
                membership,
            )
            for membership in self._memberships
            if membership.role in ORGANIZATION_ROLES[Act.ENTER_CONSOLE]
        ]
        if user.is_staff:
            places += _supported_places(places)
        return places

    @cached_property
    def _memberships(self) -> list[Membership]:
        user = self._request.user
        if not isinstance(user, User):
            return []
        mine = user.memberships.active().select_related("organization")
        return list(mine.order_by("organization__name")[:MOST_ORGANIZATIONS])

    @property
    def idle_minutes(self) -> int | None:
        """The shortest time without use after which one of the person's organizations ends it."""
        bounds = [membership.organization.idle_minutes for membership in self._memberships]
        return min((minutes for minutes in bounds if minutes), default=None)

    @property
    def organizations(self) -> list[Organization]:
        return [place.organization for place in self.places]

    @cached_property
    def place(self) -> Place | None:
        """The one that was chosen last, else the person's default, else the first."""
        user = self._request.user
        default = user.default_organization_id if isinstance(user, User) else None
        for wanted in (self._request.session.get(SESSION_KEY), str(default)):
            for place in self.places:
                if str(place.organization.pk) == wanted:
                    return place
        return self.places[0] if self.places else None

    def look_at(self, organization_id: uuid.UUID) -> None:
        """Show the organization of what is open, also when another was chosen last."""
        for place in self.places:
            if place.organization.pk == organization_id:
                self.place = place

    @property
    def membership(self) -> Membership | None:
        return self.place.membership if self.place else None

    @property
    def organization(self) -> Organization | None:
        return self.place.organization if self.place else None

    @property
    def role(self) -> StrPromise | str:
        return self.place.role if self.place else ""

    @property
    def support_until(self) -> datetime | None:
        """When operators can come in no more; None where they can't already."""
        organization = self.organization
        until = organization.support_access_until if organization else None
        is_open = until is not None and until > timezone.now()
        return until if is_open and self._level != SupportAccess.NONE else None

    @property
    def _level(self) -> str:
        return self.organization.support_access if self.organization else SupportAccess.NONE

    @property
    def support_writes(self) -> bool:
        return self._level == SupportAccess.WRITE

    @property
    def may_own(self) -> bool:
        return self.place is not None and Act.OWN_ORGANIZATION in self.place.acts

    @property
    def organization_initials(self) -> str:
        return initials(self.organization.name) if self.organization else ""

    @property
    def person_initials(self) -> str:
        user = self._request.user
        return initials(user.display_name) if user.is_authenticated else ""

    @property
    def shows_mail_folder(self) -> bool:
        user = self._request.user
        return user.is_authenticated and user.is_staff and has_mail_folder()

    @cached_property
    def sections(self) -> list[Section]:
        """The pages that this person may open, with the one that is open marked."""
        match = self._request.resolver_match
        here = match.url_name if match else None
        if self.place is None:
            return self._personal_sections(here)
        sections = [
            Section(
                title,
                [_link(page, here, self.place) for page in pages if page.act in self.place.acts],
            )
            for title, pages in SECTIONS
        ]
        if any(here in page.names for page in PERSONAL_PAGES):
            sections = self._personal_sections(here) + sections
        return [section for section in sections if section.pages]

    def _personal_sections(self, here: str | None) -> list[Section]:
        if not self._request.user.is_authenticated:
            return []
        return [Section(_("My profile"), [_link(page, here) for page in PERSONAL_PAGES])]


def shell_of(request: HttpRequest) -> Shell:
    """Return the request's shell, the same one for its view and its template."""
    known: Shell | None = getattr(request, "shell", None)
    if known is None:
        known = request.shell = Shell(request)  # type: ignore[attr-defined]
    return known


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Give every template its shell (a context processor)."""
    return {"shell": shell_of(request)}


def initials(name: str) -> str:
    """Return the first letters of the first two words."""
    return "".join(word[0] for word in name.split()[:2]).upper()


def _supported_places(known: list[Place]) -> list[Place]:
    """Return the organizations that are open to the installation's operators just now."""
    mine = [place.organization.pk for place in known]
    open_now = Organization.objects.filter(supported(Act.ENTER_CONSOLE)).exclude(pk__in=mine)
    return [
        Place(organization, _("Support"), SUPPORT_ACTS[SupportAccess(organization.support_access)])
        for organization in open_now[:MOST_ORGANIZATIONS]
    ]


def _link(page: Page, here: str | None, place: Place | None = None) -> Link:
    name = page.names[0]
    count = page.count(place.organization) if page.count and place else None
    return Link(page.label, page.icon, reverse(name), here in page.names, name, count)
