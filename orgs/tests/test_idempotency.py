"""Doing a thing once, however often it is asked."""

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import TypeVar

import pytest
from django.db import connection
from django.utils import timezone

from jigxmgmt.origin import Origin, enter_origin
from orgs.models import IdempotentRequest, Organization, User
from orgs.services.idempotency import (
    AlreadyDone,
    KeyReused,
    KeyUnusable,
    StillRunning,
    claim_request,
    done_once,
)
from orgs.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
AT_ONCE = 8
Outcome = TypeVar("Outcome")


@pytest.fixture
def user() -> User:
    return UserFactory.create()


def claim(user: User, *, scope: str = "x", key: str = "k", body: bytes = b"1") -> IdempotentRequest:
    return claim_request(
        user, scope=scope, key=key, body=body, now=NOW, correlation_id=uuid.uuid4()
    )


def in_threads(act: Callable[[int], Outcome], count: int = AT_ONCE) -> list[Outcome]:
    """Do it in threads that begin together, each with a connection of its own."""
    together = threading.Barrier(count)

    def attempt(number: int) -> Outcome:
        together.wait(timeout=10)
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(attempt, range(count)))


class TestClaimRequest:
    def test_is_for_whoever_is_first(self, user: User) -> None:
        claim(user)

        with pytest.raises(StillRunning):
            claim(user)

    def test_tells_what_came_of_it(self, user: User) -> None:
        first = claim(user)
        first.end(status="done", subject_id="7")

        with pytest.raises(AlreadyDone) as refusal:
            claim(user)

        assert refusal.value.outcome == "done"
        assert refusal.value.members == {
            "subject_id": "7",
            "correlation_id": str(first.correlation_id),
        }

    def test_refuses_the_key_with_another_body(self, user: User) -> None:
        claim(user)

        with pytest.raises(KeyReused):
            claim(user, body=b"2")

    def test_keeps_people_and_acts_apart(self, user: User) -> None:
        claim(user)

        claim(UserFactory.create())
        claim(user, scope="y")

        assert IdempotentRequest.objects.count() == 3

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\x00b"])
    def test_refuses_a_key_that_is_none(self, user: User, key: str) -> None:
        with pytest.raises(KeyUnusable):
            claim(user, key=key)

    def test_forgets_after_a_day(self, user: User) -> None:
        claim(user).end(status="done")

        tomorrow = NOW + timedelta(days=1)
        again = claim_request(
            user, scope="x", key="k", body=b"2", now=tomorrow, correlation_id=uuid.uuid4()
        )

        assert IdempotentRequest.objects.get() == again

    def test_keeps_neither_key_nor_body(self, user: User) -> None:
        claim(user, key="the-key", body=b"the-body")

        rows = repr(list(IdempotentRequest.objects.values()))
        assert "the-key" not in rows
        assert "the-body" not in rows


class TestDoneOnce:
    def test_frees_the_key_when_the_act_fails(self, user: User) -> None:
        with pytest.raises(ZeroDivisionError):
            self.act(user, 0)

        assert self.act(user, 1) == 1

    def test_remembers_what_was_made(self, user: User) -> None:
        self.act(user, 1)

        with pytest.raises(AlreadyDone) as refusal:
            self.act(user, 1)
        assert refusal.value.members["subject_id"] == "7"

    def test_remembers_under_which_correlation_id(self, user: User) -> None:
        origin = Origin()

        def act() -> None:
            enter_origin(origin)
            self.act(user, 1)

        copy_context().run(act)

        assert IdempotentRequest.objects.get().correlation_id == origin.correlation_id

    def test_remembers_nothing_without_a_key(self, user: User) -> None:
        self.act(user, 1, key=None)

        assert not IdempotentRequest.objects.exists()

    @staticmethod
    def act(user: User, number: int, key: str | None = "k") -> float:
        with done_once(user, act="x", key=key, body=b"", now=NOW) as begun:
            outcome = 1 / number
            begun.subject_id = "7"
        return outcome


@pytest.mark.django_db(transaction=True)
class TestDoneOnceWhileOthersLook:
    def test_stands_only_together_with_what_was_made(self, user: User) -> None:
        """So a process that dies halfway leaves no key that is taken for a day."""
        with done_once(user, act="x", key="k", body=b"", now=NOW):
            seen = in_threads(lambda _: IdempotentRequest.objects.exists(), count=1)

        assert seen == [False]
        assert IdempotentRequest.objects.get().state == IdempotentRequest.State.ENDED

    def test_happens_once_when_eight_ask_together(self, user: User) -> None:
        def attempt(_: int) -> str:
            try:
                with done_once(user, act="x", key="k", body=b"", now=NOW):
                    Organization.objects.create(name="Acme")
            except AlreadyDone:
                return "already done"
            return "done"

        assert Counter(in_threads(attempt)) == {"done": 1, "already done": AT_ONCE - 1}
        assert Organization.objects.count() == 1

    def test_passes_to_the_next_when_the_first_fails(self, user: User) -> None:
        is_first = threading.Lock()

        def attempt(_: int) -> str:
            try:
                with done_once(user, act="x", key="k", body=b"", now=NOW):
                    Organization.objects.create(name="Acme")
                    if is_first.acquire(blocking=False):
                        raise ZeroDivisionError
            except ZeroDivisionError:
                return "failed"
            except AlreadyDone:
                return "already done"
            return "done"

        outcomes = Counter(in_threads(attempt))
        assert outcomes == {"failed": 1, "done": 1, "already done": AT_ONCE - 2}
        assert Organization.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestClaimRequestAtOnce:
    def test_lets_one_of_eight_through(self, user: User) -> None:
        def attempt(_: int) -> bool:
            try:
                claim(user)
            except StillRunning:
                return False
            return True

        assert sum(in_threads(attempt)) == 1
