"""The queue in the console: one click, ten seconds to undo, and what it costs to show."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auth_providers.services.admission import admit_requester
from orgs.models import JoinRequest, Membership, Organization, User
from orgs.services.join_requests import deny_join_request
from orgs.services.provisioning import Grants
from orgs.tests.factories import (
    JoinRequestFactory,
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    UserFactory,
)
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

MOST_QUERIES = 20
type_of_bound = Callable[[int], AbstractContextManager[CaptureQueriesContext]]
Status = JoinRequest.Status


@pytest.fixture
def acme(db: None) -> Organization:
    return OrganizationFactory.create(name="Acme")


@pytest.fixture
def admin(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, admin=True).user


@pytest.fixture
def browser(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def waiting(acme: Organization) -> JoinRequest:
    return JoinRequestFactory.create(organization=acme, message="Site 14", device="Pixel 9")


def status_of(join_request: JoinRequest) -> str:
    return JoinRequest.objects.get(pk=join_request.pk).status


class TestQueue:
    def test_shows_who_waits_and_a_count_beside_the_page(
        self, browser: Client, waiting: JoinRequest
    ) -> None:
        response = browser.get("/join-requests")

        page = response.content.decode()
        assert read_page(response).headings == ["Join requests"]
        assert waiting.email in page
        assert "Site 14" in page
        assert "Pixel 9" in page
        assert 'id="count-join-requests">1</span>' in page

    def test_says_so_when_nobody_waits(self, browser: Client) -> None:
        response = browser.get("/join-requests")

        read_page(response)
        assert "Nobody is waiting" in response.content.decode()

    def test_finds_by_name_and_address(self, browser: Client, acme: Organization) -> None:
        lena = JoinRequestFactory.create(organization=acme, user__first_name="x", first_name="Lena")
        other = JoinRequestFactory.create(organization=acme)

        page = browser.get("/join-requests", {"search": f"lena {lena.email}"}).content.decode()

        assert lena.email in page
        assert other.email not in page

    def test_shows_what_was_decided_and_why(
        self, browser: Client, admin: User, waiting: JoinRequest
    ) -> None:
        earlier = timezone.now() - timedelta(days=1)
        deny_join_request(waiting, reason="Not yet", by=admin, now=earlier)

        page = browser.get("/join-requests", {"status": "DENIED"}).content.decode()

        assert "Not yet" in page
        assert admin.display_name in page

    def test_costs_the_same_with_many(
        self,
        browser: Client,
        acme: Organization,
        django_assert_max_num_queries: type_of_bound,
    ) -> None:
        JoinRequest.objects.bulk_create(
            JoinRequest(
                organization=acme,
                email=f"person{number}@many.example",
                source=JoinRequest.Source.APP,
                status=status,
                decided_at=timezone.now(),
            )
            for number in range(400)
            for status in Status.values
        )

        for query in ("", "?page=7", "?search=person77", "?status=APPROVED"):
            with django_assert_max_num_queries(MOST_QUERIES):
                response = browser.get(f"/join-requests{query}")

            read_page(response)

    @pytest.mark.parametrize("role", ["CREATOR", "USER"])
    def test_is_for_who_manages_people(
        self, client: Client, waiting: JoinRequest, role: str
    ) -> None:
        member = MembershipFactory.create(organization=waiting.organization, role=role)
        client.force_login(member.user)

        assert client.get("/join-requests").status_code == 403
        assert client.get(f"/join-requests/{waiting.pk}").status_code in (403, 404)
        assert client.post(f"/join-requests/{waiting.pk}/approve").status_code in (403, 404)
        assert status_of(waiting) == Status.PENDING


class TestOneClick:
    def test_lets_in_with_role_user_and_returns_to_the_list(
        self, browser: Client, waiting: JoinRequest
    ) -> None:
        response = browser.post(f"/join-requests/{waiting.pk}/approve", {"list": "page=1"})

        assert response.headers["Location"] == "/join-requests?page=1"
        assert Membership.objects.get(user=waiting.user).role == Membership.Role.USER
        page = browser.get("/join-requests")
        read_page(page)
        assert f"{waiting.display_name} joined Acme." in page.content.decode()
        assert "Undo" in page.content.decode()

    def test_turns_down(self, browser: Client, waiting: JoinRequest) -> None:
        browser.post(f"/join-requests/{waiting.pk}/deny", {"list": ""})

        assert status_of(waiting) == Status.DENIED

    def test_can_be_undone(self, browser: Client, waiting: JoinRequest) -> None:
        browser.post(f"/join-requests/{waiting.pk}/approve", {"list": ""})

        browser.post("/join-requests/undo", {"list": "", "chosen": str(waiting.pk)})

        assert status_of(waiting) == Status.PENDING
        assert not Membership.objects.filter(user=waiting.user).exists()

    def test_tells_who_was_quicker(
        self, browser: Client, acme: Organization, waiting: JoinRequest
    ) -> None:
        other = MembershipFactory.create(organization=acme, owner=True).user
        admit_requester(waiting, grants=Grants(), by=other, now=timezone.now())

        response = browser.post(f"/join-requests/{waiting.pk}/deny", {"list": ""}, follow=True)

        assert f"{other.display_name} has approved this request already." in (
            response.content.decode()
        )

    def test_swaps_the_list_and_moves_on_to_the_next_row(
        self, browser: Client, acme: Organization
    ) -> None:
        first, second = JoinRequestFactory.create_batch(2, organization=acme)

        answer = browser.post(
            f"/join-requests/{first.pk}/approve",
            {"list": "", "row": "1"},
            headers={"HX-Request": "true"},
            follow=True,
        ).content.decode()

        assert "<html" not in answer
        assert f"/join-requests/{second.pk}/approve" in answer
        assert "data-focus" in answer
        assert 'hx-swap-oob="true">1</span>' in answer


class TestChosen:
    def test_are_decided_one_by_one(self, browser: Client, acme: Organization) -> None:
        mine = JoinRequestFactory.create_batch(2, organization=acme)
        gone = JoinRequestFactory.create(organization=acme, status=Status.WITHDRAWN)
        chosen = [str(wanted.pk) for wanted in [*mine, gone]]

        response = browser.post(
            "/join-requests/approve", {"list": "", "chosen": chosen}, follow=True
        )

        page = response.content.decode()
        assert "2 people joined." in page
        assert f"{gone.display_name}: The person has withdrawn this request." in page
        assert JoinRequest.objects.filter(status=Status.APPROVED).count() == 2

    def test_may_be_turned_down_and_taken_back_together(
        self, browser: Client, acme: Organization
    ) -> None:
        chosen = [str(made.pk) for made in JoinRequestFactory.create_batch(2, organization=acme)]

        browser.post("/join-requests/deny", {"list": "", "chosen": chosen})
        assert not JoinRequest.objects.pending().exists()
        browser.post("/join-requests/undo", {"list": "", "chosen": chosen})

        assert JoinRequest.objects.pending().count() == 2

    def test_are_asked_for_when_there_are_none(self, browser: Client) -> None:
        response = browser.post("/join-requests/approve", {"list": ""}, follow=True)

        assert "Choose at least one request." in response.content.decode()

    def test_are_not_a_strangers(self, browser: Client) -> None:
        theirs = JoinRequestFactory.create()

        response = browser.post("/join-requests/deny", {"chosen": [str(theirs.pk), "nonsense"]})

        assert response.status_code == 404
        assert status_of(theirs) == Status.PENDING


class TestOneRequest:
    def test_opens_from_the_mail_also_while_another_organization_is_looked_at(
        self, browser: Client, admin: User, waiting: JoinRequest
    ) -> None:
        other = MembershipFactory.create(user=admin, owner=True).organization
        browser.post("/organizations/switch", {"organization": str(other.pk)})

        response = browser.get(f"/join-requests/{waiting.pk}")

        assert read_page(response).headings == [waiting.display_name]
        assert "A request to join Acme." in response.content.decode()

    def test_is_not_there_for_a_stranger(self, client: Client, waiting: JoinRequest) -> None:
        client.force_login(MembershipFactory.create(owner=True).user)

        for act in ("", "/approve", "/deny"):
            address = f"/join-requests/{waiting.pk}{act}"
            assert client.post(address).status_code in (404, 405), address
        assert client.get(f"/join-requests/{waiting.pk}").status_code == 404
        assert status_of(waiting) == Status.PENDING

    def test_approves_with_role_and_solutions(
        self, browser: Client, acme: Organization, waiting: JoinRequest
    ) -> None:
        solution = SolutionFactory.create(organization=acme)
        read_page(browser.get(f"/join-requests/{waiting.pk}"))

        response = browser.post(
            f"/join-requests/{waiting.pk}/approve",
            {"role": "CREATOR", "solutions": [str(solution.pk)]},
        )

        assert response.headers["Location"] == f"/join-requests/{waiting.pk}"
        membership = Membership.objects.get(user=waiting.user)
        assert membership.role == Membership.Role.CREATOR
        assert membership.solution_roles.get().solution == solution

    def test_keeps_what_was_chosen_when_it_is_refused(
        self, browser: Client, acme: Organization
    ) -> None:
        solution = SolutionFactory.create(organization=acme)
        UserFactory.create(email="taken@acme.example")
        waiting = JoinRequestFactory.create(
            organization=acme, offered=True, email="taken@acme.example"
        )

        response = browser.post(
            f"/join-requests/{waiting.pk}/approve",
            {"role": "CREATOR", "solutions": [str(solution.pk)]},
        )

        page = response.content.decode()
        assert response.status_code == 422
        assert "sign in with their own account first" in page
        assert '<option value="CREATOR" selected>' in page
        assert "checked" in page

    def test_denies_with_a_reason_and_shows_what_happened(
        self, browser: Client, admin: User, waiting: JoinRequest
    ) -> None:
        browser.post(f"/join-requests/{waiting.pk}/deny", {"reason": "Not yet"})

        page = browser.get(f"/join-requests/{waiting.pk}")
        read_page(page)
        text = page.content.decode()
        assert "Not yet" in text
        assert "Denied a request to join" in text
        assert f"by {admin.display_name}" in text

    def test_takes_no_reason_that_is_too_long(self, browser: Client, waiting: JoinRequest) -> None:
        response = browser.post(f"/join-requests/{waiting.pk}/deny", {"reason": "x" * 501})

        assert response.status_code == 422
        assert "x" * 501 in response.content.decode()
        assert status_of(waiting) == Status.PENDING
