"""Nothing of a SQL call is kept: markers go through every path, then are looked for everywhere."""

import secrets
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Installation, answers, wait_until
from tests.people import SERVER_NAME, Field
from tests.tds import (
    Answer,
    Authority,
    Column,
    Error,
    Request,
    Rows,
    Server,
    WaitForCancel,
    kinds,
    sql_server,
)
from tests.test_markers import everywhere

TAKE = """
provider: DATA_PROVIDER_SQL
method: execute
connection: erp
procedure: dbo.take
parameters:
  note: {type: string, required: true}
  left: {type: string, location: both}
output: =@ctx.response.body
error:
  - description: =@ctx.error.details.message
"""
TEXT = kinds.nvarchar(None)


@pytest.fixture
def marker() -> str:
    return f"marker{secrets.token_hex(8)}"


class TestMarker:
    def test_is_found_nowhere(
        self, installation: Installation, field: Field, authority: Authority, marker: str
    ) -> None:
        field.publish(take=TAKE)
        self.asked, self.released = threading.Event(), threading.Event()
        with sql_server(
            lambda request: self.answer(request, marker),
            certificate=authority.issue(SERVER_NAME),
            logins={"reader": f"{marker}password"},
        ) as server:
            field.save_server(server, secret=f"{marker}password", query_seconds=1)

            assert self.success(field, marker)["recordsets"] == [[{"row": f"{marker}row"}]]
            assert self.refused(field, marker, "caught") == f"{marker}caught"
            assert self.refused(field, marker, "uncaught") == f"{marker}uncaught"
            assert self.refused(field, marker, "fatal") is not None
            assert self.refused(field, marker, "late") is not None
            field.save_server(server, secret=f"{marker}password", query_seconds=20)
            assert self.killed_worker(installation, field, marker) == "call_timeout"
            assert self.wrong_password(field, server, marker) == "sign_in_refused"

        places = dict(everywhere(installation))
        assert [place for place, content in places.items() if marker.encode() in content] == []
        # The search itself can find: what is kept on purpose is there.
        assert any(b"dbo.take" in content or b"take" in content for content in places.values())
        assert any(SERVER_NAME.encode() in content for content in places.values())

    def answer(self, request: Request, marker: str) -> Answer:
        """Answer as the note asks, which stands among the values."""
        values = [str(value) for value in request.values]
        if f"{marker}caught note" in values:
            columns = [Column("jigxmgmt:error", kinds.INT), Column("message", TEXT)]
            return Rows(columns, [(50001, f"{marker}caught")])
        if f"{marker}uncaught note" in values:
            return Error(50001, f"{marker}uncaught")
        if f"{marker}fatal note" in values:
            return Error(823, f"{marker}fatal", severity=24)
        if f"{marker}late note" in values:
            return WaitForCancel()
        if f"{marker}held note" in values:
            self.asked.set()
            self.released.wait(20)
        return [
            Rows([Column("row", TEXT)], [(f"{marker}row",)]),
            Rows([Column("jigxmgmt:0", TEXT)], [(f"{marker}output",)]),
        ]

    def call(self, field: Field, marker: str, way: str) -> Any:
        note, left = f"{marker}{way} note", f"{marker}left"
        return field.call("take", key=f"{marker}{way}", note=note, left=left).json()

    def success(self, field: Field, marker: str) -> Any:
        output = self.call(field, marker, "success")["output"]
        assert output["output"] == {"left": f"{marker}output"}
        return output

    def refused(self, field: Field, marker: str, way: str) -> Any:
        return self.call(field, marker, way)["error"]["description"]

    def wrong_password(self, field: Field, server: Server, marker: str) -> Any:
        field.save_server(server, secret=f"{marker}wrong")
        return self.call(field, marker, "wrong")["error"]["details"]["code"]

    def killed_worker(self, installation: Installation, field: Field, marker: str) -> Any:
        """Kill a worker while the server makes it wait, on a lane that has no other."""
        apart = {"REDIS_URL": installation.broker_url + "?db=1", "LANE_CALL_SECONDS": "3"}
        usual = field.address
        with (
            installation.web(**apart) as field.address,
            installation.worker(**apart) as worker,
            ThreadPoolExecutor(1) as phone,
        ):
            wait_until(lambda: answers(f"{field.address}/readyz", 200))
            call = phone.submit(self.call, field, marker, "held")
            assert self.asked.wait(10)
            worker.send_signal(signal.SIGKILL)
            answer = call.result()
            self.released.set()
        field.address = usual
        return answer["code"]
