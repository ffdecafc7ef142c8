"""Connections with outside services, as the API and the console show and end them."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auth_providers.models import OutsideGrant
from auth_providers.services.scopes import Scope
from auth_providers.tests.factories import AppFactory, connected, personal_token, signed_in
from auth_providers.tests.flows import problem_code
from orgs.models import AuditEvent, Membership, SolutionMember
from orgs.tests.factories import MembershipFactory, SolutionFactory, SolutionMemberFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db
PATH = "/api/v1/me/connections"
SolutionRole = SolutionMember.Role


@pytest.fixture
def mia() -> SolutionMember:
    return SolutionMemberFactory.create(solution__title="Field service")


@pytest.fixture
def phone(mia: SolutionMember, client_with: Callable[[str], Client]) -> Client:
    return client_with(signed_in(mia.membership.user).access_token)


@pytest.fixture
def browser(mia: SolutionMember, client: Client) -> Client:
    client.force_login(mia.membership.user)
    return client


def colleague(mia: SolutionMember, *, role: Membership.Role) -> Membership:
    return MembershipFactory.create(organization=mia.membership.organization, role=role)


def end_path(grant: OutsideGrant, mia: SolutionMember) -> str:
    return f"/people/{mia.membership.pk}/connections/{grant.pk}/end"


class TestApi:
    def test_lists_what_the_person_connected_and_no_token(
        self, phone: Client, mia: SolutionMember
    ) -> None:
        grant = connected(mia)
        connected(SolutionMemberFactory.create())

        answer = phone.get(PATH).json()

        assert answer["next"] is None
        assert answer["results"] == [phone.get(f"{PATH}/{grant.pk}").json()]
        solution = mia.solution
        assert answer["results"][0] == {
            "id": str(grant.pk),
            "name": grant.configuration.name,
            "type": "OPENID",
            "solution": {
                "id": str(solution.pk),
                "title": "Field service",
                "organization_id": str(solution.organization_id),
            },
            "credential_key": "crm",
            "state": "CONNECTED",
            "scopes": ["openid", "crm.read"],
            "connected_at": answer["results"][0]["connected_at"],
        }

    def test_ends_one(self, phone: Client, mia: SolutionMember) -> None:
        path = f"{PATH}/{connected(mia).pk}"

        assert phone.delete(path).status_code == 204
        assert phone.get(path).status_code == phone.delete(path).status_code == 404

    def test_shows_a_stranger_none(self, phone: Client) -> None:
        path = f"{PATH}/{connected(SolutionMemberFactory.create()).pk}"

        assert phone.get(path).status_code == phone.delete(path).status_code == 404

    def test_takes_the_scopes_of_tokens(
        self, mia: SolutionMember, client_with: Callable[[str], Client]
    ) -> None:
        path = f"{PATH}/{connected(mia).pk}"
        reading = personal_token(mia.membership.user, scopes=[Scope.TOKENS_READ]).secret

        assert client_with(reading).get(path).status_code == 200
        refusal = problem_code(client_with(reading).delete(path))
        assert refusal == (403, "insufficient_scope")

    def test_confines_the_app_of_another_organization(
        self, mia: SolutionMember, client_with: Callable[[str], Client]
    ) -> None:
        connected(mia)
        elsewhere = MembershipFactory.create(user=mia.membership.user)
        app = AppFactory.create(organization=elsewhere.organization)
        confined = client_with(signed_in(elsewhere.user, app=app).access_token)

        assert confined.get(PATH).json()["results"] == []

    @pytest.mark.parametrize(("is_renewable", "state"), [(False, "BROKEN"), (True, "CONNECTED")])
    def test_says_broken_of_what_ended_without_a_way_to_renew_it(
        self, phone: Client, mia: SolutionMember, *, is_renewable: bool, state: str
    ) -> None:
        grant = connected(mia, is_renewable=is_renewable)
        OutsideGrant.objects.update(expires_at=grant.connected_at)

        assert phone.get(f"{PATH}/{grant.pk}").json()["state"] == state


class TestMyConnections:
    def test_says_what_comes_here(self, browser: Client) -> None:
        page = browser.get("/profile/connections")

        assert read_page(page).headings == ["My connections"]
        assert "No connections" in page.content.decode()

    def test_shows_state_and_solution(self, browser: Client, mia: SolutionMember) -> None:
        grant = connected(mia)
        grant.mark_broken()

        page = browser.get("/profile/connections")

        read_page(page)
        for words in (grant.configuration.name, "Field service", "Reconnect needed"):
            assert words in page.content.decode()

    def test_disconnects(self, browser: Client, mia: SolutionMember) -> None:
        grant = connected(mia)

        answer = browser.post(f"/profile/connections/{grant.pk}/end", follow=True)

        assert answer.redirect_chain == [("/profile/connections", 302)]
        assert "is disconnected from Field service" in answer.content.decode()
        assert not OutsideGrant.objects.exists()

    def test_ends_none_of_a_stranger(self, browser: Client) -> None:
        grant = connected(SolutionMemberFactory.create())

        assert browser.post(f"/profile/connections/{grant.pk}/end").status_code == 404


class TestPersonPage:
    def test_lets_an_admin_see_and_end_one(self, client: Client, mia: SolutionMember) -> None:
        grant = connected(mia)
        admin = colleague(mia, role=Membership.Role.ADMIN).user
        client.force_login(admin)
        page = client.get(f"/people/{mia.membership.pk}")

        client.post(end_path(grant, mia))

        read_page(page)
        assert grant.configuration.name in page.content.decode()
        assert end_path(grant, mia) in page.content.decode()
        assert AuditEvent.objects.get(act="outside_grant.end").actor == admin

    def test_lets_an_editor_see_it(self, client: Client, mia: SolutionMember) -> None:
        grant = connected(mia)
        editor = colleague(mia, role=Membership.Role.CREATOR)
        SolutionMemberFactory.create(
            solution=mia.solution, membership=editor, role=SolutionRole.EDITOR
        )
        client.force_login(editor.user)

        page = client.get(f"/people/{mia.membership.pk}").content.decode()

        assert grant.configuration.name in page
        assert end_path(grant, mia) not in page
        assert client.post(end_path(grant, mia)).status_code == 403

    def test_hides_solutions_that_whoever_looks_does_not_see(
        self, client: Client, mia: SolutionMember
    ) -> None:
        grant = connected(mia)
        client.force_login(colleague(mia, role=Membership.Role.CREATOR).user)

        page = client.get(f"/people/{mia.membership.pk}").content.decode()

        assert grant.configuration.name not in page
        assert client.post(end_path(grant, mia)).status_code == 404

    def test_costs_no_query_a_connection(self, client: Client, mia: SolutionMember) -> None:
        connected(mia)
        others = SolutionFactory.create_batch(5, organization=mia.solution.organization)
        client.force_login(colleague(mia, role=Membership.Role.OWNER).user)
        client.get(f"/people/{mia.membership.pk}")  # the first one notes that they were here
        one = self.queries_of(client, mia)
        for solution in others:
            connected(SolutionMember(solution=solution, membership=mia.membership))

        assert self.queries_of(client, mia) == one

    @staticmethod
    def queries_of(client: Client, mia: SolutionMember) -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/people/{mia.membership.pk}")
        return len(queries)
