"""What every page shows around itself: the organization, the sections, the theme."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orgs.models import Membership, Organization, User
from orgs.policies import (
    ORGANIZATION_ROLES,
    SUPPORT_ACTS,
    Act,
    SupportAccess,
    acts_of,
    supported,
)

SESSION_KEY = "organization"
THEME_COOKIE = "theme"
THEMES = ("light", "dark")
# More than anybody has; it keeps the list, and the query, bounded.
MOST_ORGANIZATIONS = 100


@dataclass(frozen=True, slots=True)
class Page:
    """A link in the sidebar; the first name is its own, the others are the pages below it.

    It is shown to those who may do the act.
    """

    label: StrPromise
    icon: str
    names: tuple[str, ...]
    act: Act = Act.ENTER_CONSOLE


SECTIONS: tuple[tuple[StrPromise, tuple[Page, ...]], ...] = (
    (_("Organization"), (Page(_("Overview"), "layout-dashboard", ("overview",)),)),
    (
        _("Build"),
        (
            Page(_("Solutions"), "blocks", ("solutions", "solution")),
            Page(_("Functions"), "square-function", ("functions", "function", "function-try")),
        ),
    ),
    (_("Sign-in"), (Page(_("My devices"), "smartphone", ("my-devices",)),)),
    (_("Observe"), (Page(_("Calls"), "activity", ("calls", "call")),)),
)


@dataclass(frozen=True, slots=True)
class Link:
    label: StrPromise
    icon: str
    url: str
    is_current: bool


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
        mine = user.memberships.active().filter(role__in=ORGANIZATION_ROLES[Act.ENTER_CONSOLE])
        ordered = mine.select_related("organization").order_by("organization__name")
        places = [
            Place(
                membership.organization,
                membership.get_role_display(),
                acts_of(membership.role),
                membership,
            )
            for membership in ordered[:MOST_ORGANIZATIONS]
        ]
        if user.is_staff:
            places += _supported_places(places)
        return places

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
    def organization_initials(self) -> str:
        return initials(self.organization.name) if self.organization else ""

    @property
    def person_initials(self) -> str:
        user = self._request.user
        return initials(user.display_name) if user.is_authenticated else ""

    @cached_property
    def sections(self) -> list[Section]:
        """The pages that this person may open, with the one that is open marked."""
        if self.place is None:
            return []
        match = self._request.resolver_match
        here = match.url_name if match else None
        sections = [
            Section(title, [_link(page, here) for page in pages if page.act in self.place.acts])
            for title, pages in SECTIONS
        ]
        return [section for section in sections if section.pages]


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


def _link(page: Page, here: str | None) -> Link:
    return Link(page.label, page.icon, reverse(page.names[0]), here in page.names)
