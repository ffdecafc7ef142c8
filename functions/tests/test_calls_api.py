"""The log of calls at the API's door."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from functions.models import CallRecord
from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import CallRecordFactory, creator, technician
from orgs.models import Solution, SolutionMember, User
from orgs.tests.factories import MembershipFactory, SolutionFactory

pytestmark = pytest.mark.django_db


def calls(caller: Client, solution: Solution, /, **filters: Any) -> Any:
    return caller.get(reverse("api-calls", args=[solution.organization_id]), filters)


def ids_in(answer: Any) -> list[str]:
    return [row["correlation_id"] for row in answer.json()["results"]]


class TestListCalls:
    def test_tells_how_each_went_newest_first(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        old = CallRecordFactory.create(
            solution=solution, started_at=timezone.now() - timedelta(hours=1)
        )
        new = CallRecordFactory.create(
            solution=solution,
            user=worker,
            status=CallRecord.Status.NO_REPLY,
            error_name="call_timeout",
            total_ms=30_000,
        )

        answer = calls(script_of(owner), solution)

        assert ids_in(answer) == [str(new.pk), str(old.pk)]
        row = answer.json()["results"][0]
        assert (row["status"], row["error_name"]) == ("no_reply", "call_timeout")
        assert (row["user"], row["source"]) == (worker.email, "device")
        assert row["solution_id"] == str(solution.pk)
        assert row["total_ms"] == 30_000

    def test_goes_on_by_cursor(self, solution: Solution, owner: User) -> None:
        made = CallRecordFactory.create_batch(5, solution=solution)
        script = script_of(owner)

        pages = [calls(script, solution, limit=2)]
        while following := pages[-1].json()["next"]:
            pages.append(script.get(following))

        found = [identity for page in pages for identity in ids_in(page)]
        assert [len(ids_in(page)) for page in pages] == [2, 2, 1]
        assert sorted(found) == sorted(str(call.pk) for call in made)

    @pytest.mark.parametrize(
        "cursor", ["x", "cD1ub3doZW4=", "cD0A"]
    )  # the last two: p=nowhen, p=\0
    def test_refuses_a_cursor_that_is_none(
        self, solution: Solution, owner: User, cursor: str
    ) -> None:
        answer = calls(script_of(owner), solution, cursor=cursor)

        (fault,) = assert_problem(answer, 422, "cursor_invalid")
        assert fault["pointer"] == "/cursor"


class TestFilters:
    @pytest.mark.parametrize("name", ["solution", "function_name", "status"])
    def test_narrow_the_list(self, solution: Solution, owner: User, name: str) -> None:
        other = SolutionFactory.create(organization=solution.organization)
        wanted = CallRecordFactory.create(
            solution=solution, function_name="wanted", status=CallRecord.Status.ERROR
        )
        CallRecordFactory.create(solution=other)
        value = {"solution": solution.pk, "function_name": "wanted", "status": "error"}[name]

        answer = calls(script_of(owner), solution, **{name: value})

        assert ids_in(answer) == [str(wanted.pk)]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("solution", "field"),
            ("status", "lost"),
            ("function_name", "x" * 51),
        ],
    )
    def test_are_checked(self, solution: Solution, owner: User, name: str, value: str) -> None:
        answer = calls(script_of(owner), solution, **{name: value})

        (fault,) = assert_problem(answer, 422, "invalid")
        assert fault["pointer"] == f"/{name}"

    def test_find_nothing_of_other_organizations(self, solution: Solution, owner: User) -> None:
        foreign = CallRecordFactory.create()

        answer = calls(script_of(owner), solution, solution=foreign.solution.pk)

        assert ids_in(answer) == []


class TestWho:
    def test_a_creator_for_what_they_build(self, solution: Solution) -> None:
        mine = CallRecordFactory.create(solution=solution)
        other = SolutionFactory.create(organization=solution.organization)
        CallRecordFactory.create(solution=other)

        answer = calls(script_of(creator(solution, SolutionMember.Role.EDITOR)), solution)

        assert ids_in(answer) == [str(mine.pk)]

    def test_an_admin_for_all(self, solution: Solution) -> None:
        CallRecordFactory.create(solution=solution)
        admin = MembershipFactory.create(admin=True, organization=solution.organization).user

        assert len(ids_in(calls(script_of(admin), solution))) == 1

    def test_nobody_without_console_rights(self, solution: Solution) -> None:
        CallRecordFactory.create(solution=solution)

        answer = calls(script_of(technician(solution)), solution)

        assert_problem(answer, 403, "not_allowed")

    def test_no_stranger(self, solution: Solution) -> None:
        left = MembershipFactory.create(
            owner=True, organization=solution.organization, is_active=False
        ).user

        assert_problem(calls(stranger(), solution), 404, "organization_unknown")
        assert_problem(calls(script_of(left), solution), 404, "organization_unknown")

    def test_nobody_in_an_organization_that_there_is_not(self, owner: User) -> None:
        answer = script_of(owner).get(reverse("api-calls", args=[uuid.uuid4()]))

        assert_problem(answer, 404, "organization_unknown")

    def test_no_phone(self, solution: Solution, owner: User) -> None:
        assert_problem(calls(phone_of(owner), solution), 403, "insufficient_scope")

    def test_no_token_without_the_scope(self, solution: Solution, owner: User) -> None:
        answer = calls(script_of(owner, "solutions:read"), solution)

        assert_problem(answer, 403, "insufficient_scope")
