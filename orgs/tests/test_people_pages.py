"""The list of people: who is in it, in what order, narrowed how, for whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orgs.models import Invite, InviteSolution, Membership, Organization, SolutionMember
from orgs.tests.factories import (
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionMemberFactory,
)
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

Role = Membership.Role


@pytest.fixture
def acme() -> Organization:
    return OrganizationFactory.create(name="Acme")


@pytest.fixture
def admin(acme: Organization) -> Membership:
    return member(acme, "Ada Admin", role=Role.ADMIN)


@pytest.fixture
def browser(client: Client, admin: Membership) -> Client:
    client.force_login(admin.user)
    return client


def member(acme: Organization, name: str, **columns: Any) -> Membership:
    first, last = name.split()
    columns |= {"user__first_name": first, "user__last_name": last}
    return MembershipFactory.create(organization=acme, **columns)


def invite(acme: Organization, email: str, **columns: Any) -> Invite:
    columns.setdefault("expires_at", timezone.now() + timedelta(days=14))
    return Invite.objects.create(organization=acme, email=email, **columns)


def listed(response: Any) -> list[str]:
    assert response.status_code == 200
    read_page(response)
    return [row.name for row in response.context["rows"]]


class TestPeople:
    def test_lists_members_and_open_invites_as_one_by_name(
        self, browser: Client, acme: Organization
    ) -> None:
        member(acme, "Zoe Zimmer")
        member(acme, "Mia Miller", is_active=False)
        invite(acme, "bob@acme.example")
        invite(acme, "yan@acme.example", first_name="Yan", last_name="Young")
        invite(acme, "gone@acme.example", state=Invite.State.ACCEPTED)
        invite(acme, "late@acme.example", expires_at=timezone.now())
        MembershipFactory.create()

        response = browser.get("/people")

        assert listed(response) == [
            "Ada Admin",
            "bob@acme.example",
            "Mia Miller",
            "Yan Young",
            "Zoe Zimmer",
        ]
        states = [row.state for row in response.context["rows"]]
        assert states == ["active", "invited", "disabled", "invited", "active"]

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("search=miller+MIA", ["Mia Miller"]),
            ("search=100%25", []),
            ("role=ADMIN", ["Ada Admin"]),
            ("state=disabled", ["Mia Miller"]),
            ("state=invited", ["Bob Mild"]),
            ("state=active&search=m", ["Ada Admin", "Zoe Zimmer"]),
            ("search=mil", ["Bob Mild", "Mia Miller"]),
            ("role=NONE&state=nonsense&solution=nonsense&page=nonsense", None),
            ("page=last", None),
            ("page=99", None),
            ("search=" + "+".join("a" * 100), None),
        ],
    )
    def test_is_narrowed_by_the_address(
        self, browser: Client, acme: Organization, query: str, names: list[str] | None
    ) -> None:
        member(acme, "Zoe Zimmer")
        member(acme, "Mia Miller", is_active=False)
        invite(acme, "bob@acme.example", first_name="Bob", last_name="Mild")

        everybody = ["Ada Admin", "Bob Mild", "Mia Miller", "Zoe Zimmer"]
        assert listed(browser.get(f"/people?{query}")) == (everybody if names is None else names)

    def test_is_narrowed_to_a_solution(self, browser: Client, acme: Organization) -> None:
        field = SolutionFactory.create(organization=acme, title="Field")
        mia = member(acme, "Mia Miller")
        SolutionMemberFactory.create(solution=field, membership=mia)
        bob = invite(acme, "bob@acme.example")
        InviteSolution.objects.create(invite=bob, solution=field)

        response = browser.get(f"/people?solution={field.pk}")

        assert listed(response) == ["bob@acme.example", "Mia Miller"]
        assert [row.solutions for row in response.context["rows"]] == [["Field"], ["Field"]]

    def test_turns_pages_that_keep_the_filters(self, browser: Client, acme: Organization) -> None:
        for number in range(60):
            member(acme, f"Mia M{number:02}")

        first = browser.get("/people?search=mia")
        second = browser.get("/people?search=mia&page=2")

        assert (len(listed(first)), len(listed(second))) == (50, 10)
        assert "?search=mia&amp;page=2" in first.content.decode()

    def test_shows_creators_people_without_acts_and_only_solutions_that_they_see(
        self, client: Client, acme: Organization
    ) -> None:
        creator = member(acme, "Carl Creator", role=Role.CREATOR)
        mia = member(acme, "Mia Miller")
        own, other = SolutionFactory.create_batch(2, organization=acme)
        editor = SolutionMember.Role.EDITOR
        SolutionMemberFactory.create(solution=own, membership=creator, role=editor)
        for solution in (own, other):
            SolutionMemberFactory.create(solution=solution, membership=mia)
        client.force_login(creator.user)

        response = client.get("/people")
        narrowed = client.get(f"/people?solution={other.pk}")

        assert [row.solutions for row in response.context["rows"]] == [[own.title]] * 2
        assert "/disable" not in response.content.decode()
        assert other.title not in response.content.decode()
        assert listed(narrowed) == []

    def test_shows_who_is_invited_to_whom_may_invite_alone(
        self, client: Client, acme: Organization
    ) -> None:
        invite(acme, "bob@acme.example")
        client.force_login(member(acme, "Carl Creator", role=Role.CREATOR).user)

        for query in ("", "?state=invited", "?search=bob"):
            response = client.get(f"/people{query}")

            assert "bob@acme.example" not in listed(response)
            assert "invited" not in dict(response.context["states"])

    def test_offers_admins_no_act_on_owners_or_themselves(
        self, browser: Client, acme: Organization
    ) -> None:
        owner = member(acme, "Olga Owner", role=Role.OWNER)
        mia = member(acme, "Mia Miller")

        page = browser.get("/people").content.decode()

        assert page.count("/disable") == 1
        assert f"/people/{mia.pk}/disable" in page
        assert f"/people/{owner.pk}" in page

    def test_is_not_for_users(self, client: Client, acme: Organization) -> None:
        client.force_login(member(acme, "Mia Miller").user)

        assert client.get("/people").status_code == 403
