import uuid
from pathlib import Path

import pytest

from functions.device.calls import Ran, Wanted
from functions.device.client import Device
from functions.device.refusals import NotReadable, Refused, Unreachable, Unusable
from functions.tests.device.client.portal import (
    FakePortal,
    everything,
    hang_up,
    problem,
    ran,
    rows,
    run,
)


def waiting(device: Device) -> list[str]:
    with device.calls(device.synced("field")) as calls:
        return [command.function for command in calls.queue.waiting()]


class TestCallByThePortal:
    def test_stores_the_rows_of_what_reads(self, device: Device, portal: FakePortal) -> None:
        portal.answer(portal.call_path("list"), ran())
        device.sync("field")

        became = run(device, "list", entity="customers")

        assert became == Ran("ok", output=[{"id": "7", "name": "Ada"}], stored=1)
        assert rows(device, "customers") == [{"id": "7", "name": "Ada"}]
        sent = portal.heard[-1]
        assert uuid.UUID(sent.json.pop("command_id")).version == 4
        assert sent.json == {"parameters": {}, "entity": "customers", "queries": {}}
        assert len(sent.headers["Idempotency-Key"]) > 20

    def test_merges_the_row_of_what_changes_something(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.answer(portal.call_path("list"), ran())
        portal.answer(portal.call_path("create"), ran(records=[{"id": "8"}], output={"id": "8"}))
        device.sync("field")
        run(device, "list", entity="customers")

        became = run(device, "create", "name=Bob", "age=7", entity="customers")

        assert became.output == {"id": "8"}
        assert [row["id"] for row in rows(device, "customers")] == ["7", "8"]
        sent = portal.heard[-1]
        assert sent.json["parameters"] == {"name": "Bob", "age": 7}
        assert sent.headers["Idempotency-Key"] == sent.json["command_id"]

    def test_leaves_no_parameter_behind(
        self, device: Device, portal: FakePortal, folder: Path
    ) -> None:
        portal.answer(portal.call_path("list"), ran())
        portal.answer(portal.call_path("create"), ran())
        device.sync("field")

        run(device, "create", "name=s3cret-marker", entity="customers")
        run(device, "list", entity="customers")

        assert b"s3cret-marker" not in everything(folder)

    def test_says_what_the_service_says_and_stores_what_its_handler_does(
        self, device: Device, portal: FakePortal
    ) -> None:
        error = {
            "name": "UpstreamError",
            "title": "Taken",
            "description": "Choose another.",
            "details": None,
        }
        operation = {"type": "operation.upsert-replace", "table": "errors", "records": [{"id": 1}]}
        portal.answer(
            portal.call_path("create"),
            ran(status="error", error=error, records=[], operations=[operation]),
        )
        device.sync("field")

        with pytest.raises(Refused, match=r"^Taken\. Choose another\.$"):
            run(device, "create")

        assert rows(device, "errors") == [{"id": 1}]
        assert waiting(device) == []

    def test_says_how_to_connect_an_account(self, device: Device, portal: FakePortal) -> None:
        error = {
            "name": "OAuthCredentialsMissingError",
            "title": "Sign in to the service first",
            "description": "Connect.",
            "details": {"credential": "crm"},
        }
        portal.answer(portal.call_path("list"), ran(status="error", error=error, records=[]))
        device.sync("field")

        with pytest.raises(Refused, match="`device connect field crm`"):
            run(device, "list")

    @pytest.mark.parametrize("pair", ["age=x", "nme=Ada", "name"])
    def test_refuses_parameters_at_fault_before_anything_is_sent(
        self, device: Device, portal: FakePortal, pair: str
    ) -> None:
        device.sync("field")
        before = len(portal.heard)

        with pytest.raises(Unusable) as refusal:
            run(device, "create", pair)

        assert "Ada" not in refusal.value.detail
        assert (len(portal.heard), waiting(device)) == (before, [])

    def test_answers_queries_in_turn_and_reads_their_json(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.functions["list"] |= {
            "queries": {
                "rest": {
                    "statement": "SELECT id FROM customers WHERE id <> @first",
                    "parameters": {"first": "=@ctx.queries.first.id"},
                    "dependencies": ["first", "rest", "nowhere"],
                },
                "first": {
                    "statement": "SELECT id, data, 'no json' AS text FROM customers ORDER BY id",
                    "resultType": "record",
                    "jsonColumns": ["data", "text"],
                },
            }
        }
        device.sync("field")
        portal.answer(portal.call_path("list"), ran())
        with device.storage(device.synced("field")) as storage:
            rows_of_it = [{"id": "7", "tags": ["a"]}, {"id": "8"}]
            storage.store({}, entity="customers", records=rows_of_it, operations=[], parameters={})

        run(device, "list")

        assert portal.heard[-1].json["queries"] == {
            "first": {"id": "7", "data": {"id": "7", "tags": ["a"]}, "text": "no json"},
            "rest": [{"id": "8"}],
        }

    def test_answers_queries_before_any_row_was_stored(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.functions["list"] |= {
            "queries": {
                "known": "SELECT c.id FROM [customers] c JOIN main.orders o ON o.id = c.id",
                "count": {"statement": "SELECT count(*) FROM customers", "resultType": "scalar"},
            }
        }
        device.sync("field")
        portal.answer(portal.call_path("list"), ran())

        run(device, "list")

        assert portal.heard[-1].json["queries"] == {"known": [], "count": 0}

    @pytest.mark.parametrize("table", ["_jigx_nothing", "sqlite_nothing"])
    def test_makes_no_table_but_an_entity_s(
        self, device: Device, portal: FakePortal, table: str
    ) -> None:
        portal.functions["list"] |= {"queries": {"known": f"SELECT id FROM {table}"}}  # noqa: S608
        device.sync("field")

        with pytest.raises(NotReadable):
            run(device, "list")

    def test_sends_the_answers_to_its_queries_along(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.functions["list"] |= {
            "parameters": {"id": {"location": "query", "type": "string"}},
            "queries": {
                "known": "SELECT id FROM customers WHERE id = @id",
                "name": {
                    "statement": "SELECT json_extract(data, '$.name') FROM customers WHERE id = @x",
                    "parameters": {"x": "=@ctx.parameters.id"},
                    "resultType": "scalar",
                },
                "none": {"statement": "SELECT id FROM customers WHERE 0", "resultType": "record"},
            },
        }
        device.sync("field")
        portal.answer(portal.call_path("list"), ran())
        with device.storage(device.synced("field")) as storage:
            row = {"id": "7", "name": "Ada"}
            storage.store({}, entity="customers", records=[row], operations=[], parameters={})

        run(device, "list", "id=7")

        assert portal.heard[-1].json["queries"] == {
            "known": [{"id": "7"}],
            "name": "Ada",
            "none": None,
        }

    def test_names_the_query_that_can_t_be_answered(
        self, device: Device, portal: FakePortal
    ) -> None:
        portal.functions["list"] |= {"queries": {"known": "DROP TABLE customers"}}
        device.sync("field")

        with pytest.raises(NotReadable, match="The query known can't"):
            run(device, "list")


class TestWithoutANetwork:
    def test_lets_wait_what_changes_something(self, device: Device, portal: FakePortal) -> None:
        device.sync("field")
        portal.answer(portal.call_path("create"), hang_up)

        assert run(device, "create", "name=Bob") == Ran("queued")
        assert waiting(device) == ["create"]

    def test_lets_wait_what_reads_where_the_person_says_so(
        self, device: Device, portal: FakePortal
    ) -> None:
        device.sync("field")
        portal.answer(portal.call_path("list"), hang_up)

        with pytest.raises(Unreachable):
            run(device, "list")
        assert waiting(device) == []
        assert run(device, "list", may_wait=True) == Ran("queued")

    def test_counts_what_ran_already_as_delivered(self, device: Device, portal: FakePortal) -> None:
        device.sync("field")
        path = portal.call_path("create")
        portal.server.expect_ordered_request(path).respond_with_handler(hang_up)
        portal.server.expect_ordered_request(path).respond_with_response(
            problem(409, "already_ran", call_status="ok")
        )
        run(device, "create", "name=Bob")

        with device.calls(device.synced("field")) as calls:
            sent = calls.queue.send(calls.sender.deliver)

        assert len(sent.delivered_before) == 1
        first, second = portal.heard[-2:]
        assert first.data == second.data
        assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
        assert waiting(device) == []

    @pytest.mark.parametrize("status", [503, 504, 429])
    def test_lets_wait_what_the_portal_can_t_do_now(
        self, device: Device, portal: FakePortal, status: int
    ) -> None:
        device.sync("field")
        portal.answer(portal.call_path("create"), problem(status, "no_worker", "Nobody is there."))

        with device.calls(device.synced("field")) as calls:
            assert calls.run(Wanted("create")) == Ran("queued")
            assert calls.sender.interruption == "Nobody is there."

    def test_keeps_for_the_person_what_was_refused_later(
        self, device: Device, portal: FakePortal
    ) -> None:
        device.sync("field")
        path = portal.call_path("create")
        portal.server.expect_ordered_request(path).respond_with_handler(hang_up)
        portal.server.expect_ordered_request(path).respond_with_response(
            problem(422, "parameter_unknown", "There is no such parameter.")
        )
        run(device, "create")

        with device.calls(device.synced("field")) as calls:
            calls.queue.send(calls.sender.deliver)
            [failed] = calls.queue.failed()

        assert (failed.function, failed.code) == ("create", "parameter_unknown")


class TestArguments:
    def test_takes_each_by_its_type(
        self, device: Device, portal: FakePortal, tmp_path: Path
    ) -> None:
        types = ("string", "number", "int", "boolean", "array", "object", "file")
        portal.functions["list"] |= {
            "parameters": {name: {"location": "query", "type": name} for name in types}
        }
        portal.answer(portal.call_path("list"), ran())
        device.sync("field")
        (tmp_path / "photo").write_bytes(b"\x00\x01")
        pairs = ["string=1", "number=1.5", "int=7", "boolean=true", "array=[1]", 'object={"a": 1}']

        run(device, "list", *pairs, f"file=@{tmp_path / 'photo'}", given={"string": "given"})

        assert portal.heard[-1].json["parameters"] == {
            "string": "1",
            "number": 1.5,
            "int": 7,
            "boolean": True,
            "array": [1],
            "object": {"a": 1},
            "file": "AAE=",
        }
