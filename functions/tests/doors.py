"""The API's callers, and what a refusal looks like to them."""

from typing import Any

from django.test import Client

from auth_providers.services.scopes import ALL_SCOPES
from auth_providers.tests.factories import personal_token, signed_in
from orgs.models import User
from orgs.tests.factories import MembershipFactory


def script_of(user: User, *scopes: str) -> Client:
    """Call with a personal token of these scopes; without any, of all."""
    secret = personal_token(user, scopes=scopes or ALL_SCOPES).secret
    return Client(headers={"Authorization": f"Bearer {secret}"})


def phone_of(user: User) -> Client:
    """Call with the access token of a phone on which the person is signed in."""
    token = signed_in(user).access_token
    return Client(headers={"Authorization": f"Bearer {token}"})


def stranger() -> Client:
    """Call as the owner of another organization, with a token of every scope."""
    return script_of(MembershipFactory.create(owner=True).user)


def assert_problem(answer: Any, status: int, code: str) -> list[dict[str, Any]]:
    """Assert that this is a whole problem document, and return its faults."""
    assert answer["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert {"type", "title", "detail", "correlation_id"} <= set(problem)
    assert problem["status"] == status
    faults: list[dict[str, Any]] = problem.get("errors", [])
    return faults
