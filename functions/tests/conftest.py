"""A solution and its people."""

from collections.abc import Iterator

import pytest

from functions.services.calls import database
from functions.tests.factories import owner_of, technician
from orgs.models import Solution, User
from orgs.tests.factories import SolutionFactory


@pytest.fixture(scope="session", autouse=True)
def _no_connection_outlives_the_tests(django_db_setup: None) -> Iterator[None]:
    """Close those of the calls' threads, or PostgreSQL would not let the test database go."""
    yield
    database.close()


@pytest.fixture
def solution(db: None) -> Solution:
    return SolutionFactory.create(name="field", title="Field")


@pytest.fixture
def owner(solution: Solution) -> User:
    """An owner of the solution and of its organization."""
    return owner_of(solution)


@pytest.fixture
def worker(solution: Solution) -> User:
    """Somebody who may run the solution on a phone, and no more."""
    return technician(solution)
