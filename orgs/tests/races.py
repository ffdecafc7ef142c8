"""Several people at one thing, truly at once: they meet at a statement of their transactions."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from jigxmgmt.errors import DomainError
from orgs.tests.statements import spelled


def all_at_once(acts: Sequence[Callable[[], Any]], *, meeting: str) -> list[Any]:
    """Do each act in a thread of its own, and return what each gave or was refused with.

    All wait for each other before their first statement that begins with `meeting`, so that
    each has read what it read before any of them wrote.
    """
    together = threading.Barrier(len(acts))

    def attempt(act: Callable[[], Any]) -> Any:
        has_met = False

        def meet(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
            nonlocal has_met
            if not has_met and spelled(sql).startswith(meeting):
                has_met = True
                together.wait(timeout=10)
            return execute(sql, params, many, context)

        try:
            with connection.execute_wrapper(meet):
                return act()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(attempt, acts))
