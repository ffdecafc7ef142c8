"""The command's door: what it prints, where, and with which status."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from werkzeug import Response

from functions.device.client import Device
from functions.tests.device.client.portal import (
    FakePortal,
    hang_up,
    problem,
    ran,
    tokens,
)

MARKER = "s3cret-marker"


@dataclass(frozen=True)
class Said:
    status: int
    output: str
    errors: str


command_runner = Callable[..., Said]


@pytest.fixture
def command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> command_runner:
    """Run the command with lines of standard input."""

    def run(*arguments: str, typed: str = "") -> Said:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        output, status = io.StringIO(), 0
        try:
            call_command("device", "--home", str(folder), *arguments, stdout=output)
        except SystemExit as ended:
            status = int(str(ended.code))
        return Said(status, output.getvalue(), capsys.readouterr().err)

    return run


def without_server_s(said: str) -> str:
    """Leave out what the stand-in for the portal logs to the same place."""
    return "".join(line for line in said.splitlines(keepends=True) if " werkzeug " not in line)


class TestSignIn:
    def test_reads_the_password_from_standard_input(
        self, command: command_runner, portal: FakePortal
    ) -> None:
        portal.answer("/api/v1/auth/sign-in", tokens())

        said = command(
            *("sign-in", portal.address, "--client-id", "app", "--email", "mia@acme.example"),
            typed=f"{MARKER}\n",
        )

        assert said.output == f"Signed in as mia@acme.example at {portal.address}.\n"
        assert portal.heard[0].json["password"] == MARKER

    def test_reads_it_from_a_file_and_says_what_is_wrong(
        self, command: command_runner, portal: FakePortal, tmp_path: Path
    ) -> None:
        portal.answer("/api/v1/auth/sign-in", problem(401, "invalid_credentials", "It is wrong."))
        (tmp_path / "password").write_text(f"{MARKER}\n")

        said = command(
            *("sign-in", portal.address, "--client-id", "app", "--email", "mia@acme.example"),
            *("--password-file", str(tmp_path / "password")),
        )

        assert (said.status, said.output) == (1, "")
        assert without_server_s(said.errors) == "It is wrong.\n"

    def test_sends_nothing_in_clear(self, command: command_runner) -> None:
        said = command("sign-in", "http://portal.example", "--client-id", "app", typed=MARKER)

        assert said.status == 1
        assert said.errors.startswith("The portal's address has to begin with https://")

    def test_takes_no_password_as_an_argument(self, command: command_runner) -> None:
        with pytest.raises(CommandError, match="unrecognized arguments"):
            command("sign-in", "https://a.example", "--client-id", "app", "--password", MARKER)


class TestRun:
    def test_prints_the_output_and_shows_the_rows(
        self, command: command_runner, device: Device, portal: FakePortal
    ) -> None:
        portal.answer(portal.call_path("list"), ran())

        synced = command("sync", "field")
        became = command("run", "field", "list", "--entity", "customers")
        shown = command("query", "field", "SELECT id FROM customers")
        listed = command("query", "field", "SELECT id FROM customers", "--json")

        assert (
            synced.output == "field is at version 1: 2 functions, 0 of them run on this device.\n"
        )
        assert json.loads(became.output) == [{"id": "7", "name": "Ada"}]
        assert without_server_s(became.errors) == "1 row was stored.\n"
        assert "│ 7  │" in shown.output
        assert json.loads(listed.output) == [{"id": "7"}]

    def test_shows_no_marker_where_it_fails(
        self,
        command: command_runner,
        device: Device,
        portal: FakePortal,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        device.sync("field")
        error = {"name": "UpstreamError", "title": "No", "description": "No.", "details": MARKER}
        answers: list[Response | dict[str, object] | Callable[..., Response]] = [
            problem(422, "parameter_type", "Some parameters are at fault."),
            problem(500, "internal_error"),
            ran(status="error", error=error, records=[]),
            Response(f"<p>{MARKER}"),
            hang_up,
        ]
        texts = []
        for answer in answers:
            portal.server.clear()
            portal.answer(portal.call_path("create"), answer)
            said = command("run", "field", "create", f"name={MARKER}")
            texts += [said.output, said.errors]
        at_fault = command("run", "field", "create", f"age={MARKER}")

        for text in (*texts, at_fault.output, at_fault.errors, caplog.text):
            assert not [secret for secret in (MARKER, "access-1", "refresh-1") if secret in text]
            assert "Traceback" not in text

    def test_ends_with_one_sentence(
        self, command: command_runner, device: Device, portal: FakePortal
    ) -> None:
        said = command("run", "field", "list")

        assert (said.status, said.output) == (1, "")
        sentence = "field is not on this device. Fetch it by `device sync field`.\n"
        assert without_server_s(said.errors) == sentence

    def test_names_the_tables_where_a_statement_fails(
        self, command: command_runner, device: Device
    ) -> None:
        device.sync("field")

        said = command("query", "field", "SELECT 1 FROM nothing")

        assert "The tables here: none." in said.errors

    def test_lets_no_text_of_a_service_steer_the_terminal(
        self, command: command_runner, device: Device, portal: FakePortal
    ) -> None:
        device.sync("field")
        portal.answer(portal.call_path("list"), problem(403, "not_allowed", "No\x1b[2J."))

        assert "No?[2J." in command("run", "field", "list").errors


class TestQueue:
    def test_lists_sends_and_drops(
        self, command: command_runner, device: Device, portal: FakePortal
    ) -> None:
        device.sync("field")
        portal.answer(portal.call_path("create"), hang_up)
        waits = command("run", "field", "create", "name=Ada")
        command("run", "field", "create", "name=Bob")

        first, second = command("queue").output.splitlines()
        command("queue", "drop", second.split()[0])
        interrupted = command("queue", "send")
        portal.server.clear()
        portal.answer(portal.call_path("create"), ran())
        sent = command("queue", "send")

        assert (waits.status, waits.output) == (0, "")
        assert "The call waits; `device queue send` sends it." in waits.errors
        assert first.split()[1:] == ["field", "create", "waits"]
        assert interrupted.status == 1
        assert sent.output == "field: 1 of 1 calls were delivered.\n"
        assert command("queue").output == ""

    def test_asks_which_to_drop(self, command: command_runner, device: Device) -> None:
        assert "Say which call to drop" in command("queue", "drop").errors


class TestSignOut:
    def test_says_what_is_left_to_do(
        self, command: command_runner, device: Device, portal: FakePortal
    ) -> None:
        portal.answer("/api/v1/auth/sign-out", hang_up)

        said = command("sign-out")

        assert said.output == "Signed out; nothing of it is left on this device.\n"
        assert "The portal still lists this device" in said.errors
        assert "Nobody is signed in" in command("sync", "field").errors
