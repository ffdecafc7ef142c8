"""One person's page, and what can be done with them there."""

from typing import Any

import pytest
from django.test import Client

from auth_providers.models import App
from auth_providers.tests.factories import AppFactory, signed_in
from auth_providers.tests.flows import sign_in_browser
from orgs.models import (
    AuditEvent,
    GroupMember,
    Membership,
    Organization,
    Solution,
    SolutionGroup,
    SolutionMember,
)
from orgs.tests.factories import (
    MembershipFactory,
    SolutionFactory,
    SolutionMemberFactory,
)
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

Role = Membership.Role


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(admin=True)


@pytest.fixture
def acme(admin: Membership) -> Organization:
    return admin.organization


@pytest.fixture
def mia(acme: Organization) -> Membership:
    return MembershipFactory.create(organization=acme, user__email="mia@acme.example")


@pytest.fixture
def own_app(acme: Organization) -> App:
    return AppFactory.create(organization=acme)


@pytest.fixture
def browser(client: Client, admin: Membership) -> Client:
    client.force_login(admin.user)
    return client


def url(membership: Membership, *rest: object) -> str:
    return "/".join(["/people", str(membership.pk), *map(str, rest)])


def page_of(client: Client, membership: Membership) -> Any:
    response = client.get(url(membership))
    assert response.status_code == 200
    read_page(response)
    return response


class TestPerson:
    def test_shows_role_solutions_groups_and_where_they_are_signed_in(
        self, browser: Client, acme: Organization, mia: Membership, own_app: App
    ) -> None:
        field = SolutionFactory.create(organization=acme, title="Field work")
        place = SolutionMemberFactory.create(solution=field, membership=mia)
        group = SolutionGroup.objects.create(solution=field, name="Night shift")
        GroupMember.objects.create(group=group, member=place)
        signed_in(mia.user, app=own_app)
        signed_in(
            mia.user, app=AppFactory.create(organization=MembershipFactory.create().organization)
        )
        session = sign_in_browser(mia.user)

        response = page_of(browser, mia)

        text = response.content.decode()
        assert "Field work" in text
        assert "Night shift" in text
        assert "Mia&#x27;s browser" in text
        assert session.ip not in text
        assert len(response.context["devices"]) == 1

    def test_offers_creators_no_act(
        self, client: Client, acme: Organization, mia: Membership
    ) -> None:
        client.force_login(MembershipFactory.create(organization=acme, creator=True).user)
        place = SolutionMemberFactory.create(membership=mia, solution__organization=acme)
        signed_in(mia.user)

        text = page_of(client, mia).content.decode()

        assert f"/people/{mia.pk}/" not in text
        assert place.solution.title not in text
        assert "Mia&#x27;s phone" not in text

    def test_asks_a_bounded_number_of_questions(
        self,
        browser: Client,
        acme: Organization,
        mia: Membership,
        django_assert_max_num_queries: Any,
    ) -> None:
        for _ in range(10):
            SolutionMemberFactory.create(membership=mia, solution__organization=acme)
            signed_in(mia.user)

        with django_assert_max_num_queries(25):
            page_of(browser, mia)

    def test_is_found_in_another_of_ones_organizations(
        self, browser: Client, admin: Membership
    ) -> None:
        other = MembershipFactory.create(user=admin.user, creator=True)
        colleague = MembershipFactory.create(organization=other.organization)

        assert other.organization.name in page_of(browser, colleague).content.decode()

    def test_is_not_there_for_strangers(self, client: Client, mia: Membership) -> None:
        client.force_login(MembershipFactory.create(owner=True).user)

        assert client.get(url(mia)).status_code == 404
        for act in ("role", "disable", "enable", "remove", "solutions"):
            assert client.post(url(mia, act)).status_code == 404

    def test_acts_are_not_for_creators(
        self, client: Client, acme: Organization, mia: Membership
    ) -> None:
        client.force_login(MembershipFactory.create(organization=acme, creator=True).user)

        assert client.post(url(mia, "disable")).status_code == 403
        assert client.post(url(mia, "enable")).status_code == 403
        assert client.post(url(mia, "remove"), {"email": "mia@acme.example"}).status_code == 403
        assert client.post(url(mia, "role"), {"role": "ADMIN"}).status_code == 403

    def test_takes_posts(self, browser: Client, mia: Membership) -> None:
        assert browser.get(url(mia, "disable")).status_code == 405


class TestChangeRole:
    def test_says_what_happened(self, browser: Client, mia: Membership) -> None:
        response = browser.post(url(mia, "role"), {"role": "CREATOR"}, follow=True)

        assert f"{mia.user.display_name} now has the role Creator." in response.content.decode()

    def test_offers_and_takes_no_role_that_one_may_not_give(
        self, browser: Client, mia: Membership
    ) -> None:
        response = browser.post(url(mia, "role"), {"role": "OWNER"})

        assert response.status_code == 422
        read_page(response)
        offered = dict(response.context["role_form"].fields["role"].choices)
        assert set(offered) == {Role.ADMIN, Role.CREATOR, Role.USER}

    def test_shows_why_the_last_owner_stays(self, client: Client, acme: Organization) -> None:
        owner = MembershipFactory.create(organization=acme, owner=True)
        client.force_login(owner.user)

        response = client.post(url(owner, "role"), {"role": "ADMIN"})

        assert response.status_code == 422
        read_page(response)
        assert "is the last owner" in response.content.decode()


class TestDisable:
    def test_goes_back_to_the_list_as_it_was_narrowed(
        self, browser: Client, mia: Membership
    ) -> None:
        response = browser.post(url(mia, "disable"), {"list": "?search=mia&role=USER"})

        assert response.headers["Location"] == "/people?search=mia&role=USER"
        assert not Membership.objects.get(pk=mia.pk).is_active

    def test_is_undone_on_the_page(self, browser: Client, mia: Membership) -> None:
        browser.post(url(mia, "disable"))

        response = browser.post(url(mia, "enable"), follow=True)

        assert "may come in again" in response.content.decode()


class TestRemove:
    def test_takes_the_address_typed(self, browser: Client, mia: Membership) -> None:
        refused = browser.post(url(mia, "remove"), {"email": "mia@acme"})
        read_page(refused)
        accepted = browser.post(url(mia, "remove"), {"email": " MIA@acme.example "})

        assert refused.status_code == 422
        assert 'value="mia@acme"' in refused.content.decode()
        assert accepted.headers["Location"] == "/people"
        assert not Membership.objects.filter(pk=mia.pk).exists()

    def test_counts_what_goes(self, browser: Client, mia: Membership, own_app: App) -> None:
        signed_in(mia.user, app=own_app)
        signed_in(mia.user)

        assert page_of(browser, mia).context["ended_with"] == 1


class TestSolutions:
    @pytest.fixture
    def field(self, acme: Organization) -> Solution:
        return SolutionFactory.create(organization=acme)

    def test_are_given_changed_and_taken(
        self, browser: Client, mia: Membership, field: Solution
    ) -> None:
        browser.post(url(mia, "solutions"), {"solution": field.pk, "role": "USER"})
        place = mia.solution_roles.get()
        browser.post(url(mia, "solutions", place.pk), {"role": "EDITOR"})
        role = mia.solution_roles.get().role
        browser.post(url(mia, "solutions", place.pk, "remove"))

        assert role == "EDITOR"
        assert not mia.solution_roles.exists()
        acts = AuditEvent.objects.filter(act__startswith="solution_member.")
        assert acts.count() == 3

    def test_of_others_are_no_choice(self, browser: Client, mia: Membership) -> None:
        foreign = SolutionFactory.create()

        response = browser.post(url(mia, "solutions"), {"solution": foreign.pk, "role": "USER"})

        assert response.status_code == 422
        read_page(response)
        assert foreign.title not in response.content.decode()

    def test_take_a_role_that_there_is(
        self, browser: Client, mia: Membership, field: Solution
    ) -> None:
        place = SolutionMemberFactory.create(membership=mia, solution=field)

        response = browser.post(url(mia, "solutions", place.pk), {"role": "KING"}, follow=True)

        assert "Choose a role." in response.content.decode()

    def test_are_not_given_by_creators(
        self, client: Client, acme: Organization, mia: Membership, field: Solution
    ) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True)
        SolutionMemberFactory.create(
            membership=creator, solution=field, role=SolutionMember.Role.EDITOR
        )
        client.force_login(creator.user)

        response = client.post(url(mia, "solutions"), {"solution": field.pk, "role": "USER"})

        assert response.status_code == 422  # not a solution whose people they may change
        assert not mia.solution_roles.exists()
