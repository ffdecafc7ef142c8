"""A list of the API costs the same few queries however long it is."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from functions.tests.doors import script_of
from functions.tests.factories import CallRecordFactory, publish, save_secret
from orgs.models import Solution, User
from orgs.services.solutions import create_solution

pytestmark = pytest.mark.django_db

MOST_QUERIES = 6
FUNCTION = "provider: DATA_PROVIDER_REST\nurl: https://api.example.com/\n"


@pytest.fixture
def script(solution: Solution, owner: User) -> Client:
    """A caller of an organization in which there is more than one of everything."""
    for number in range(5):
        publish(solution, by=owner, **{f"f{name}": FUNCTION for name in range(number + 1)})
        save_secret(solution, by=owner, key=f"key{number}")
        CallRecordFactory.create(solution=solution, user=owner)
        create_solution(solution.organization, name=f"more-{number}", title="More", by=owner)
    return script_of(owner)


class TestLists:
    @pytest.mark.parametrize("name", ["api-versions", "api-credentials", "api-functions"])
    def test_of_a_solution(
        self,
        script: Client,
        solution: Solution,
        django_assert_max_num_queries: DjangoAssertNumQueries,
        name: str,
    ) -> None:
        with django_assert_max_num_queries(MOST_QUERIES):
            answer = script.get(reverse(name, args=[solution.pk]))

        assert len(answer.json()["results"]) == 5

    def test_of_solutions(
        self, script: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(MOST_QUERIES):
            answer = script.get(reverse("api-solutions"))

        assert len(answer.json()["results"]) == 6

    def test_of_calls(
        self,
        script: Client,
        solution: Solution,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_max_num_queries(MOST_QUERIES):
            answer = script.get(reverse("api-calls", args=[solution.organization_id]))

        assert len(answer.json()["results"]) == 5
