"""What every page shows around itself: the organization, the sections, the theme."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from orgs.models import Membership, Organization
from orgs.policies import ORGANIZATION_ROLES, Act

SESSION_KEY = "organization"
THEME_COOKIE = "theme"
THEMES = ("light", "dark")
# More than anybody has; it keeps the list, and the query, bounded.
MOST_ORGANIZATIONS = 100


@dataclass(frozen=True, slots=True)
class Page:
    """A link in the sidebar; the first name is its own, the others are the pages below it."""

    label: StrPromise
    icon: str
    names: tuple[str, ...]


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
    def memberships(self) -> list[Membership]:
        """Where this person may enter the console."""
        if not self._request.user.is_authenticated:
            return []
        mine = Membership.objects.active().filter(
            user=self._request.user, role__in=ORGANIZATION_ROLES[Act.ENTER_CONSOLE]
        )
        ordered = mine.select_related("organization").order_by("organization__name")
        return list(ordered[:MOST_ORGANIZATIONS])

    @property
    def organizations(self) -> list[Organization]:
        return [membership.organization for membership in self.memberships]

    @cached_property
    def membership(self) -> Membership | None:
        """The one for the organization that was chosen last, else the first."""
        chosen = self._request.session.get(SESSION_KEY)
        for membership in self.memberships:
            if str(membership.organization_id) == chosen:
                return membership
        return self.memberships[0] if self.memberships else None

    def look_at(self, organization_id: uuid.UUID) -> None:
        """Show the organization of what is open, also when another was chosen last."""
        for membership in self.memberships:
            if membership.organization_id == organization_id:
                self.membership = membership

    @property
    def organization(self) -> Organization | None:
        return self.membership.organization if self.membership else None

    @property
    def role(self) -> str:
        return self.membership.get_role_display() if self.membership else ""

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
        if self.membership is None:
            return []
        match = self._request.resolver_match
        here = match.url_name if match else None
        return [Section(title, [_link(page, here) for page in pages]) for title, pages in SECTIONS]


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


def _link(page: Page, here: str | None) -> Link:
    return Link(page.label, page.icon, reverse(page.names[0]), here in page.names)
