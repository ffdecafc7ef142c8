"""Calls made without a network: sent later, in order, each once.

A command stays until what became of it is written down, in the same transaction as its rows. A
crash in between sends it again under the same `Idempotency-Key`, and the server says that it ran.
One sender at a time holds a lock that dies with it; another waits, and finds what is left.

An answer's rows are merged into the entity's by id unless the definition says otherwise: a command
is about one row, and must not clear a table as a sync does. Without such a rule an answer's objects
without an id are not rows of the entity.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from functions.device import commands
from functions.device.commands import Command
from functions.device.refusals import NotStorable
from functions.device.rows import id_text
from functions.device.storage import Storage
from functions.device.tables import EntityTable, entity_names
from functions.device.writing import Answer, has_rule, write_answer
from functions.engine.compiling import is_yes
from functions.engine.expressions import is_temporary_id

__all__ = [
    "Command",
    "CommandQueue",
    "Delivered",
    "DeliveredBefore",
    "Delivery",
    "NotReachable",
    "Refused",
    "Sent",
]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The function ran; this is what it brought."""

    records: Sequence[Any] = field(default=(), repr=False)
    operations: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    output: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DeliveredBefore:
    """The function has run already (`already_ran`), or was skipped: there is nothing to store."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never be accepted; the operations are those of the definition's error handler."""

    code: str
    operations: Sequence[Mapping[str, Any]] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class NotReachable:
    """Nobody answered; this command and all after it stay as they are."""


Answered: TypeAlias = Delivered | DeliveredBefore | Refused
Delivery: TypeAlias = Answered | NotReachable


@dataclass(slots=True)
class Sent:
    """What became of the commands, by their ids.

    `unstored` were delivered or refused, but what they brought could not be stored. After
    `delivered_before` only a sync can tell the ids that the service gave.
    """

    delivered: list[str] = field(default_factory=list)
    delivered_before: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unstored: list[str] = field(default_factory=list)
    is_interrupted: bool = False


class CommandQueue:
    """The commands of one storage. Every method but `send`'s `deliver` raises only NotStorable."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(
        self,
        *,
        solution_id: str,
        function: str,
        parameters: Mapping[str, Any],
        entity: str | None,
        source: Mapping[str, Any],
    ) -> Command:
        """Put a call at the end of the queue."""
        with self._storage.transaction() as connection:
            return commands.add(
                connection,
                solution_id=solution_id,
                function=function,
                parameters=parameters,
                entity=entity,
                source=source,
            )

    def waiting(self) -> list[Command]:
        """List what is still to be sent, in order."""
        with self._storage.transaction() as connection:
            return commands.waiting(connection)

    def failed(self) -> list[Command]:
        """List what was refused, in order, each with its code."""
        with self._storage.transaction() as connection:
            return commands.failed(connection)

    def drop(self, command_id: str) -> None:
        """Forget a command, whether it waits or failed."""
        with self._storage.transaction() as connection:
            commands.remove(connection, command_id)

    def send(self, deliver: Callable[[Command], Delivery]) -> Sent:
        """Deliver what waits, in order, until the queue is empty or nobody answers."""
        sent = Sent()
        with self._alone():
            while (command := self._begin()) is not None:
                delivery = deliver(command)
                if isinstance(delivery, NotReachable):
                    sent.is_interrupted = True
                    break
                self._settle(command, delivery, sent)
        return sent

    def _begin(self) -> Command | None:
        with self._storage.transaction() as connection:
            return commands.begin_first(connection)

    def _settle(self, command: Command, delivery: Answered, sent: Sent) -> None:
        """Write down what became of a command, with what it brought if that can be stored."""
        answer = _answer_of(command, delivery)
        try:
            self._write(command, delivery, answer)
        except NotStorable:
            self._write(command, delivery, None)
            sent.unstored.append(command.command_id)
        _list_of(delivery, sent).append(command.command_id)

    def _write(
        self,
        command: Command,
        delivery: Answered,
        answer: Answer | None,
    ) -> None:
        with self._storage.transaction() as connection:
            if isinstance(delivery, Refused):
                commands.fail(connection, command.command_id, delivery.code)
            else:
                commands.remove(connection, command.command_id)
            given = _given_id(command, delivery)
            if given is not None:
                # Before the rows, or the service's row would stand beside the device's own.
                for name in entity_names(connection):
                    EntityTable(connection, name).find_replace(command.temporary_id, given)
                commands.find_replace(connection, command.temporary_id, given)
            if answer is not None:
                write_answer(connection, answer)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = os.open(self._storage.beside("-sending"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _list_of(delivery: Answered, sent: Sent) -> list[str]:
    match delivery:
        case Delivered():
            return sent.delivered
        case DeliveredBefore():
            return sent.delivered_before
        case Refused():
            return sent.refused


def _given_id(command: Command, delivery: Answered) -> Any:
    """Find the service's id for the row that the command created: that of its one record."""
    if not isinstance(delivery, Delivered) or command.temporary_id is None:
        return None
    if is_yes(command.source.get("keepTempIds")) or len(delivery.records) != 1:
        return None
    given = _id_of(delivery.records[0])
    return None if is_temporary_id(given) else given


def _id_of(record: Any) -> Any:
    """Take a record's id, None where it has none that could be a row's."""
    given = record.get("id") if isinstance(record, Mapping) else None
    try:
        id_text(given)
    except NotStorable:
        return None
    return given


def _answer_of(command: Command, delivery: Answered) -> Answer | None:
    """Say what is to be stored, None for nothing."""
    if isinstance(delivery, DeliveredBefore):
        return None
    source, records = command.source, () if isinstance(delivery, Refused) else delivery.records
    if not delivery.operations:
        if isinstance(delivery, Refused) or command.entity is None or source.get("operations"):
            return None
        if not has_rule(source):
            source = {**source, "forRowsWithMatchingIds": True}
            records = [record for record in records if _id_of(record) is not None]
    return Answer(
        source=source,
        entity=command.entity or "",
        records=records,
        operations=delivery.operations,
        parameters=command.parameters,
    )
