"""Calls of one solution's functions: by the portal or here.

What only reads is called at once. What changes something and is called by the portal goes through
the queue, behind what waits there already, so that it arrives in order and once; without a network
it stays there.
"""

import re
import secrets
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from functions.device.arguments import typed_values
from functions.device.keychains import Keychain
from functions.device.local_calls import Network, run_here
from functions.device.purse import Purse
from functions.device.queries import answer_queries
from functions.device.queue import CommandQueue
from functions.device.refusals import DeviceRefusal, NotStorable, Refused, Unreachable
from functions.device.sending import Sender, answer_refusal
from functions.device.session import Session
from functions.device.storage import Storage
from functions.device.synced import Synced
from functions.device.writing import has_rule
from functions.engine import Call, Definition

READING = ("GET", "HEAD", "query")
MAKES_ROWS = re.compile(r"(?:outputTransform|(?:operations\[\d+\]\.)?records)\b")
CLOSED = "AddressRefused"
HOW_TO_OPEN = "`--allow-network 10.0.0.0/8` opens a private network, if that is meant."


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call as it was asked for, and how the person is told of its requests."""

    function: str
    pairs: Iterable[str] = ()
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    entity: str | None = None
    networks: tuple[Network, ...] = ()
    may_wait: bool = False
    tell: Callable[[int], None] = lambda _count: None


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a call, and how many rows of it were stored; None where that is not known."""

    status: Literal["ok", "skipped", "queued"]
    output: Any = field(default=None, repr=False)
    stored: int | None = None


class Calls:
    """Runs functions, and stores their rows. Every method raises a DeviceRefusal."""

    def __init__(
        self,
        session: Session,
        synced: Synced,
        *,
        user: Mapping[str, str],
        storage: Storage,
        keychain: Keychain,
    ) -> None:
        self._session = session
        self._synced = synced
        self._user = user
        self._storage = storage
        self._keychain = keychain
        self.queue = CommandQueue(storage)
        self.sender = Sender(session, synced, storage=storage)

    def run(self, wanted: Wanted) -> Ran:
        """Run a function with `name=value` pairs over the values given."""
        definition = self._synced.definition(wanted.function)
        parameters = typed_values(definition, wanted.pairs, given=wanted.given)
        if definition.runs_on_device:
            answer = self._run_here(definition, wanted, parameters)
            return self._keep(definition, answer, wanted.entity, parameters)
        if definition.method not in READING:
            return self._run_in_turn(definition, wanted.entity, parameters)
        try:
            key = secrets.token_urlsafe(24)
            answer = self.sender.post(
                definition.name,
                definition.source,
                parameters,
                entity=wanted.entity,
                key=key,
                command_id=str(uuid.uuid4()),
            )
        except Unreachable:
            if not wanted.may_wait:
                raise
            return self._run_in_turn(definition, wanted.entity, parameters)
        return self._keep(definition, answer, wanted.entity, parameters)

    def _run_in_turn(
        self, definition: Definition, entity: str | None, parameters: Mapping[str, Any]
    ) -> Ran:
        command = self.queue.add(
            solution_id=self._synced.id,
            function=definition.name,
            parameters=parameters,
            entity=entity,
            source=definition.source,
        )
        sent = self.queue.send(self.sender.deliver)
        became = self.sender.became.get(command.command_id)
        if isinstance(became, DeviceRefusal):
            self.queue.drop(command.command_id)  # whoever waits for it is told here
            raise became
        if became is None:
            return Ran("queued")
        if command.command_id in sent.unstored:
            raise Refused("The function ran, but its rows can't be stored.", code="not_storable")
        return Ran(became["status"], output=became["output"])

    def _keep(
        self,
        definition: Definition,
        answer: Mapping[str, Any],
        entity: str | None,
        parameters: Mapping[str, Any],
    ) -> Ran:
        """Store what a call brought; raises Refused where the service said no.

        That it said no is told also where its handler's operations can't be stored.
        """
        if answer["status"] != "error":
            stored = self._store(definition, answer, entity, parameters)
            return Ran(answer["status"], output=answer["output"], stored=stored)
        with suppress(NotStorable):
            self._store(definition, answer, entity, parameters)
        refusal = answer_refusal(answer["error"], solution=self._synced.name)
        if definition.runs_on_device and refusal.code == CLOSED:
            raise Refused(f"{refusal.detail} {HOW_TO_OPEN}", code=CLOSED)
        raise refusal

    def _store(
        self,
        definition: Definition,
        answer: Mapping[str, Any],
        entity: str | None,
        parameters: Mapping[str, Any],
    ) -> int | None:
        """Write rows and operations, and count rows; None where nothing was to be written.

        Raises NotStorable, also where an expression threw that makes rows: with none in their place
        a table could be cleared.
        """
        source, is_ok = definition.source, answer["status"] == "ok"
        records = answer["records"] if is_ok else []
        if not answer["operations"] and not (is_ok and (entity or source.get("operations"))):
            return None
        if is_ok and any(MAKES_ROWS.match(warned["path"]) for warned in answer["warnings"]):
            message = "An expression threw, so the rows are not known; those that are here stay."
            raise NotStorable("rows_unknown", message)
        if definition.method not in READING and not has_rule(source):
            # It is about a row or some, and must not clear the table.
            source = {**source, "forRowsWithMatchingIds": True}
            records = [row for row in records if isinstance(row, Mapping) and row.get("id")]
        return self._storage.store(
            source,
            entity=entity or "",
            records=records,
            operations=answer["operations"],
            parameters=parameters,
        )

    def _run_here(
        self, definition: Definition, wanted: Wanted, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        queries = answer_queries(
            definition.source, storage=self._storage, parameters=parameters, entity=wanted.entity
        )
        call = Call(
            definition=definition,
            parameters=parameters,
            user=self._user,
            solution=self._synced.context,
            organization=self._synced.organization,
            entity=wanted.entity,
            command_id=str(uuid.uuid4()),
            correlation_id=str(uuid.uuid4()),
            queries=queries,
        )
        purse = Purse(
            self._session,
            solution_id=self._synced.id,
            keychain=self._keychain,
            held_back=self._synced.held_back(definition.name),
        )
        outcome = run_here(call, purse=purse, networks=wanted.networks, tell=wanted.tell)
        return asdict(outcome)
