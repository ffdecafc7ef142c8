"""Many people: a page asks the database as many questions as with three."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auth_providers.tests.factories import personal_token
from bench.crowd import make_crowd
from orgs.models import Membership
from orgs.tests.factories import MembershipFactory
from orgs.tests.pages import read_page

PAGES = [
    "/people",
    "/people?search=mia",
    "/people?search=number+1",
    "/people?role=USER&state=active",
    "/people?state=invited",
    "/people?page=last",
    "/join-requests",
    "/join-requests?search=mia",
    "/invites",
]
LISTS = [
    "members",
    "members?search=mia",
    "members?state=disabled",
    "join-requests",
    "invites",
]
MOST_QUERIES = 30


@pytest.fixture(scope="module")
def _opened(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One transaction for the module, which is taken back in the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def few(_opened: None) -> Membership:
    """The owner of an organization of three, with as many who ask and who are invited."""
    return crowded(3)


@pytest.fixture(scope="module")
def many(_opened: None) -> Membership:
    """The owner of one whose lists have many pages."""
    return crowded(1_000)


def crowded(number: int) -> Membership:
    owner = MembershipFactory.create(owner=True, organization__name=f"Crowd of {number}")
    make_crowd(owner.organization, people=number, requests=number, invites=number)
    return owner


def queries_of(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    assert answer.status_code == 200
    if "html" in answer.headers["Content-Type"]:
        read_page(answer)
    return len(captured)


@pytest.mark.django_db
class TestMany:
    @pytest.mark.parametrize("path", PAGES)
    def test_ask_as_much_as_three_on_a_page(
        self, few: Membership, many: Membership, path: str
    ) -> None:
        asked = {}
        for owner in (few, many):
            browser = Client()
            browser.force_login(owner.user)
            browser.get("/roles")  # the first page of a session notes who is there
            asked[owner] = queries_of(partial(browser.get, path))

        assert asked[many] <= asked[few]
        assert asked[many] < MOST_QUERIES

    @pytest.mark.parametrize("path", LISTS)
    def test_ask_as_much_as_three_in_a_list(
        self, few: Membership, many: Membership, path: str
    ) -> None:
        asked = {}
        for owner in (few, many):
            script = Client(
                headers={"Authorization": f"Bearer {personal_token(owner.user).secret}"}
            )
            url = f"/api/v1/organizations/{owner.organization_id}/{path}"
            script.get("/api/v1/me")  # the first use of a token is noted
            asked[owner] = queries_of(partial(script.get, url))

        assert asked[many] <= asked[few]
        assert asked[many] < MOST_QUERIES
