"""Commands: sent in order, each once, whatever happens in between."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.device.queue import (
    Command,
    CommandQueue,
    Delivered,
    DeliveredBefore,
    Delivery,
    NotReachable,
    Refused,
)
from functions.device.storage import NotStorable, Storage
from functions.tests.device.rows import store, stored

ANN = {"id": "1", "name": "Ann"}


class Crash(Exception):
    """The device's battery is empty."""


class Server:
    """Remembers what was delivered, and answers one name with one delivery, or else with none."""

    def __init__(self, **answers: Delivery | Exception) -> None:
        self.answers = answers
        self.seen: list[Command] = []

    def __call__(self, command: Command) -> Delivery:
        self.seen.append(command)
        answer = self.answers.get(command.function, Delivered())
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def functions(self) -> list[str]:
        return [command.function for command in self.seen]


@pytest.fixture
def queue(storage: Storage) -> CommandQueue:
    return CommandQueue(storage)


def add(queue: CommandQueue, function: str, source: Any = None, **parameters: Any) -> Command:
    return queue.add(
        solution_id="field",
        function=function,
        parameters=parameters,
        entity="customers",
        source=source or {},
    )


def names(commands: list[Command]) -> list[str]:
    return [command.function for command in commands]


class TestSending:
    def test_is_in_order_and_once(self, queue: CommandQueue) -> None:
        added = [add(queue, name, number=1) for name in ("c", "a", "b")]
        server = Server()

        sent = queue.send(server)

        assert server.functions == ["c", "a", "b"]
        assert sent.delivered == [command.command_id for command in added]
        assert queue.waiting() == []
        assert queue.send(server).delivered == []

    def test_hands_over_what_was_added(self, queue: CommandQueue) -> None:
        source = {"method": "POST"}
        added = add(queue, "create", source, name="Ann", deep=[{"a": None}])

        [waiting] = queue.waiting()

        assert waiting == added
        assert waiting.parameters == {"name": "Ann", "deep": [{"a": None}]}
        assert (waiting.solution_id, waiting.entity) == ("field", "customers")
        assert waiting.source == source

    def test_goes_on_after_a_refusal(self, queue: CommandQueue) -> None:
        refused, accepted = add(queue, "bad", a=1), add(queue, "good")

        sent = queue.send(Server(bad=Refused("parameter_type")))

        assert sent.refused == [refused.command_id]
        assert sent.delivered == [accepted.command_id]
        assert queue.waiting() == []
        [failed] = queue.failed()
        assert (failed.command_id, failed.code) == (refused.command_id, "parameter_type")
        assert queue.send(Server()).delivered == []

    def test_stops_where_nobody_answers(self, queue: CommandQueue) -> None:
        for name in ("a", "b", "c"):
            add(queue, name)

        sent = queue.send(Server(b=NotReachable()))

        assert sent.is_interrupted
        assert len(sent.delivered) == 1
        assert names(queue.waiting()) == ["b", "c"]
        assert [command.attempts for command in queue.waiting()] == [1, 0]

        server = Server()
        queue.send(server)

        assert server.functions == ["b", "c"]

    def test_takes_what_is_added_meanwhile(self, queue: CommandQueue) -> None:
        add(queue, "a")
        seen = []

        def deliver(command: Command) -> Delivery:
            seen.append(command.function)
            if command.function == "a":
                add(queue, "b")
            return Delivered()

        queue.send(deliver)

        assert seen == ["a", "b"]

    def test_forgets_what_was_dropped(self, queue: CommandQueue) -> None:
        dropped, failing = add(queue, "a"), add(queue, "b")
        queue.drop(dropped.command_id)
        server = Server(b=Refused("gone"))

        queue.send(server)
        queue.drop(failing.command_id)

        assert server.functions == ["b"]
        assert queue.failed() == []

    def test_needs_parameters_that_are_json(self, queue: CommandQueue) -> None:
        with pytest.raises(NotStorable):
            add(queue, "a", number=1 << 70)

        assert queue.waiting() == []

    def test_shows_no_value_in_print(self, queue: CommandQueue) -> None:
        command = add(queue, "a", {"url": "hidden"}, id="temp_hidden")
        row = {"secret": "hidden"}

        shown = [command, Delivered([row], [row], row), Refused("code", [row])]

        assert "hidden" not in repr(shown)


class TestAnswers:
    def test_are_merged_without_clearing_the_table(
        self, queue: CommandQueue, storage: Storage
    ) -> None:
        store(storage, ANN, {"id": "2"})
        add(queue, "update")

        queue.send(Server(update=Delivered([{"id": "1", "city": "Kyiv"}, {"ok": True}])))

        assert stored(storage) == {"1": {**ANN, "city": "Kyiv"}, "2": {"id": "2"}}

    def test_follow_the_definitions_rule(self, queue: CommandQueue, storage: Storage) -> None:
        store(storage, ANN, {"id": "2"})
        add(queue, "delete", {"forRowsWithValues": {"id": "who"}}, who="1")

        queue.send(Server(delete=Delivered()))

        assert list(stored(storage)) == ["2"]

    def test_bring_their_operations(self, queue: CommandQueue, storage: Storage) -> None:
        add(queue, "update")
        add(queue, "bad")
        operation = {"type": "operation.upsert-merge", "records": [ANN]}

        queue.send(
            Server(
                update=Delivered([{"id": "9"}], [operation]),
                bad=Refused("UpstreamError", [{**operation, "table": "problems"}]),
            )
        )

        assert stored(storage) == stored(storage, "problems") == {"1": ANN}

    def test_of_a_repeat_change_nothing(self, queue: CommandQueue, storage: Storage) -> None:
        store(storage, ANN)
        command = add(queue, "update", {"forRowsWithValues": {"id": "1"}})

        sent = queue.send(Server(update=DeliveredBefore()))

        assert sent.delivered_before == [command.command_id]
        assert stored(storage) == {"1": ANN}
        assert queue.waiting() == []

    def test_that_cannot_be_stored_are_not_asked_for_again(
        self, queue: CommandQueue, storage: Storage
    ) -> None:
        store(storage, ANN)
        command = add(queue, "create", {"forRowsWithMatchingIds": True}, id="temp_1")
        add(queue, "later", customer="temp_1")
        slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT max(i) FROM n"
        broken = {"type": "operation.execute-sql", "statements": ["DELETE FROM customers", slow]}
        server = Server(create=Delivered([{"id": 7}], [broken]))

        sent = queue.send(server)

        assert sent.unstored == [command.command_id]
        assert len(sent.delivered) == 2
        assert server.seen[1].parameters == {"customer": 7}
        assert stored(storage) == {"1": ANN}


class TestTemporaryIds:
    def test_are_replaced_in_rows_and_later_commands(
        self, queue: CommandQueue, storage: Storage
    ) -> None:
        store(storage, {"id": "temp_1", "name": "Ann"}, ANN)
        store(storage, {"id": "5", "lines": [{"customer": "temp_1"}]}, entity="orders")
        add(queue, "create", id="temp_1", name="Ann")
        add(queue, "update", id="temp_1", deep={"of": ["temp_1", "temp_10"]})
        server = Server(create=Delivered([{"id": 77, "status": "new"}]))

        queue.send(server)

        assert server.seen[1].parameters == {"id": 77, "deep": {"of": [77, "temp_10"]}}
        assert stored(storage) == {"77": {"id": 77, "name": "Ann", "status": "new"}, "1": ANN}
        assert stored(storage, "orders")["5"] == {"id": "5", "lines": [{"customer": 77}]}

    def test_may_stand_under_any_name(self, queue: CommandQueue, storage: Storage) -> None:
        store(storage, {"id": "temp-1"})
        add(queue, "create", local_ID="temp-1", name="Ann")

        queue.send(Server(create=Delivered([{"id": "0"}])))

        assert list(stored(storage)) == ["0"]

    def test_are_kept_where_the_definition_says_so(
        self, queue: CommandQueue, storage: Storage
    ) -> None:
        store(storage, {"id": "temp_1"})
        add(queue, "create", {"keepTempIds": True}, id="temp_1")

        queue.send(Server(create=Delivered([{"id": "7"}])))

        assert list(stored(storage)) == ["temp_1", "7"]

    @pytest.mark.parametrize(
        "records", [[], [{"id": "7"}, {"id": "8"}], [{"name": "x"}], [{"id": "temp_2"}], ["7"]]
    )
    def test_stay_where_the_answer_has_not_one_id(
        self, queue: CommandQueue, storage: Storage, records: list[Any]
    ) -> None:
        store(storage, {"id": "temp_1"})
        add(queue, "create", id="temp_1")

        queue.send(Server(create=Delivered(records)))

        assert "temp_1" in stored(storage)

    def test_belong_to_who_carried_them_first(self, queue: CommandQueue, storage: Storage) -> None:
        store(storage, {"id": "temp_1"})
        add(queue, "create", id="temp_1")
        add(queue, "order", customer="temp_1")

        queue.send(Server(create=Refused("invalid"), order=Delivered([{"id": "500"}])))

        assert list(stored(storage)) == ["temp_1", "500"]

    def test_of_the_row_itself_come_before_those_it_refers_to(
        self, queue: CommandQueue, storage: Storage
    ) -> None:
        store(storage, {"id": "temp_2", "customer": "temp_1"})
        add(queue, "order", customer="temp_1", id="temp_2")

        queue.send(Server(order=Delivered([{"id": "500"}])))

        assert stored(storage) == {"500": {"id": "500", "customer": "temp_1"}}

    def test_are_not_guessed(self, queue: CommandQueue, storage: Storage) -> None:
        store(storage, {"id": "temp_1"}, {"id": "temp_2"})
        add(queue, "order", customer="temp_1", order="temp_2")

        queue.send(Server(order=Delivered([{"id": "500"}])))

        assert list(stored(storage)) == ["temp_1", "temp_2", "500"]

    def test_stay_in_what_may_have_been_sent(self, queue: CommandQueue, storage: Storage) -> None:
        add(queue, "update", id="temp_1")
        queue.send(Server(update=NotReachable()))
        replacing = {"find": "temp_1", "replace": "7", "includeCommandQueue": True}

        store(storage, operations=[{"type": "operation.find-replace", **replacing}])

        assert queue.waiting()[0].parameters == {"id": "temp_1"}


class TestCrash:
    def test_between_delivery_and_bookkeeping_repeats_the_key(self, tmp_path: Path) -> None:
        path = tmp_path / "device.sqlite3"
        ran: dict[str, int] = {}

        def deliver(command: Command) -> Delivery:
            ran[command.command_id] = ran.get(command.command_id, 0) + 1
            if ran[command.command_id] > 1:
                return DeliveredBefore()
            if command.function == "second":
                raise Crash  # the service has it, and nobody will ever know
            return Delivered([ANN])

        storage = Storage(path)
        added = [add(CommandQueue(storage), name) for name in ("first", "second", "third")]
        with pytest.raises(Crash):
            CommandQueue(storage).send(deliver)
        storage.close()

        storage = Storage(path)
        assert names(CommandQueue(storage).waiting()) == ["second", "third"]
        sent = CommandQueue(storage).send(deliver)

        assert sent.delivered_before == [added[1].command_id]
        assert sent.delivered == [added[2].command_id]
        assert list(ran) == [command.command_id for command in added]
        assert stored(storage) == {"1": ANN}
        storage.close()

    def test_in_the_middle_of_bookkeeping_keeps_none_of_it(self, tmp_path: Path) -> None:
        path = tmp_path / "device.sqlite3"
        storage = Storage(path)
        store(storage, {"id": "temp_1"})
        add(CommandQueue(storage), "create", id="temp_1")
        crashing = multiprocessing.get_context("spawn").Process(target=die_writing, args=(path,))

        crashing.start()
        crashing.join(30)

        assert crashing.exitcode == 9
        assert list(stored(storage)) == ["temp_1"]
        assert names(CommandQueue(storage).waiting()) == ["create"]
        storage.close()


class TestTwoSenders:
    def test_of_one_process_send_each_once(self, tmp_path: Path) -> None:
        storages = [Storage(tmp_path / "device.sqlite3") for _ in range(2)]
        for number in range(20):
            add(CommandQueue(storages[0]), f"f{number}")
        server = Server()
        together = threading.Barrier(3)

        def send(storage: Storage) -> None:
            together.wait(10)
            CommandQueue(storage).send(server)

        threads = run_all(lambda: send(storages[0]), lambda: send(storages[0]))
        threads += run_all(lambda: send(storages[1]))
        for thread in threads:
            thread.join(30)

        assert server.functions == [f"f{number}" for number in range(20)]
        for storage in storages:
            storage.close()

    def test_of_two_processes_send_each_once(self, tmp_path: Path) -> None:
        path, log = tmp_path / "device.sqlite3", tmp_path / "log"
        storage = Storage(path)
        added = [add(CommandQueue(storage), f"f{number}") for number in range(30)]
        spawning = multiprocessing.get_context("spawn")
        senders = [spawning.Process(target=send_all, args=(path, log)) for _ in range(2)]

        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(30)

        assert [sender.exitcode for sender in senders] == [0, 0]
        assert log.read_text().split() == [command.command_id for command in added]
        assert CommandQueue(storage).waiting() == []
        storage.close()

    def test_do_not_keep_anybody_from_storing(self, queue: CommandQueue, tmp_path: Path) -> None:
        other = Storage(tmp_path / "device.sqlite3")
        add(queue, "a")

        def deliver(_command: Command) -> Delivery:
            store(other, ANN)
            return Delivered()

        queue.send(deliver)

        assert stored(other) == {"1": ANN}
        other.close()


def run_all(*targets: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def send_all(path: Path, log: Path) -> None:
    """Send the queue in a process of its own, and write down each command."""

    def deliver(command: Command) -> Delivery:
        with log.open("a") as lines:
            lines.write(f"{command.command_id}\n")
        return Delivered([{"id": command.command_id}])

    storage = Storage(path)
    CommandQueue(storage).send(deliver)
    storage.close()


def die_writing(path: Path) -> None:
    """Deliver the first command, and die while its answer is being stored."""
    storage = Storage(path)
    storage._connection.create_function("die", 0, lambda: os._exit(9))
    deadly = {"type": "operation.execute-sql", "statements": ["SELECT die()"]}
    CommandQueue(storage).send(lambda _command: Delivered([{"id": "7"}], [deadly]))
