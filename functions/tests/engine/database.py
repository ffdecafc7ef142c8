"""A database handed to the engine: it keeps the batches it is given, and answers as it is told."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions import engine
from functions.engine.batches import ERROR_MARK, MARK, Batch
from functions.engine.recordsets import Recordsets
from functions.tests.engine.upstream import Played, Unused, check

Answer = Callable[[Recordsets], None]
PASSWORD = "pass-7f31b0c4"


@dataclass
class Scripted:
    """Answers each run by the next answer, the last one again and again, or is not there at all."""

    answers: Sequence[Answer]
    secrets: Sequence[engine.Secret] = (engine.Secret(PASSWORD),)
    batches: list[Batch] = field(default_factory=list)
    refusal: Exception | None = None

    async def run(self, batch: Batch, recordsets: Recordsets, *, seconds: float) -> None:
        assert seconds > 0
        self.batches.append(batch)
        self.answers[min(len(self.batches), len(self.answers)) - 1](recordsets)


def rows(names: Sequence[str], *values: Sequence[Any]) -> Answer:
    """Answer one result set."""

    def answer(recordsets: Recordsets) -> None:
        recordsets.begin(names)
        recordsets.add(values)

    return answer


def count(changed: int) -> Answer:
    """Answer that a statement changed so many rows."""
    return lambda recordsets: recordsets.count(changed)


def outputs(*values: Any) -> Answer:
    """Answer the output parameters, in their order."""
    return rows([f"{MARK}{place}" for place in range(len(values))], values)


def error(number: int, message: str) -> Answer:
    """Answer what the batch catches."""
    names = (ERROR_MARK, "severity", "state", "line", "procedure", "message")
    return rows(names, (number, 16, 1, 3, None, message))


def several(*answers: Answer) -> Answer:
    def answer(recordsets: Recordsets) -> None:
        for one in answers:
            one(recordsets)

    return answer


def failing(failure: Exception) -> Answer:
    def answer(_recordsets: Recordsets) -> None:
        raise failure

    return answer


def query(text: str = "SELECT 1", **keys: Any) -> dict[str, Any]:
    """Define a function that runs a statement, with these keys besides."""
    source = {"provider": "DATA_PROVIDER_SQL", "method": "query", "connection": "crm"}
    return {**source, "query": text, **keys}


def execute(procedure: str = "dbo.p", **keys: Any) -> dict[str, Any]:
    return {**query(), "query": None, "method": "execute", "procedure": procedure, **keys}


def ask(
    source: Mapping[str, Any],
    *answers: Answer,
    parameters: Mapping[str, Any] | None = None,
    limits: engine.Limits | None = None,
    database: Scripted | None = None,
) -> tuple[Played, Scripted]:
    """Call a function once against a database that answers so."""
    asked = database or Scripted(answers)

    async def find(name: str) -> engine.Database:
        assert name == "crm"
        if asked.refusal is not None:
            raise asked.refusal
        return asked

    outcome = asyncio.run(called(source, find, parameters=parameters, limits=limits))
    return Played(outcome, [], ""), asked


async def called(
    source: Mapping[str, Any],
    find: Callable[[str], Awaitable[engine.Database]],
    *,
    parameters: Mapping[str, Any] | None = None,
    limits: engine.Limits | None = None,
    seconds: float = 5,
    off_loop: engine.OffLoop = asyncio.to_thread,
) -> engine.Outcome:
    """Call a function once, with a way of its own to find its database."""
    processes = engine.ScriptProcesses()
    surroundings = engine.Surroundings(
        credentials=_none,
        transport=Unused(),
        deadline=time.monotonic() + seconds,
        scripts=processes.of("owner"),
        limits=limits or engine.Limits(),
        off_loop=off_loop,
        database=find,
    )
    call = engine.Call(definition=check(source, {}), parameters=parameters or {})
    try:
        return await engine.run(call, surroundings=surroundings)
    finally:
        processes.close()


async def _none(_key: str) -> None:
    return None
