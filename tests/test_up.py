"""`manage.py up` as a person meets it: one command, what it prints, and what is left after it."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from jigxmgmt.settings import BASE_DIR
from tests.conftest import wait_until

type_of_start = Callable[..., "Up"]

UP = [sys.executable, str(BASE_DIR / "manage.py"), "up"]


@dataclass
class Up:
    """One running `up`, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    output: Path
    environment: dict[str, str]

    def printed(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.printed() or self.process.poll() is not None)
        assert text in self.printed()

    @property
    def address(self) -> str:
        found = re.search(r"^Ready: (\S+)/ ", self.printed(), re.MULTILINE)
        assert found
        return found[1]

    @property
    def password(self) -> str:
        found = re.search(r"device .* (\S+)$", self.printed(), re.MULTILINE)
        assert found
        return found[1]

    @property
    def sign_in_line(self) -> str:
        return self._line_with("/auth/sign-in")

    @property
    def call_line(self) -> str:
        return self._line_with("/calls")

    def call(self, function: str, *, token_line: str | None = None, **parameters: str) -> Any:
        """Paste both lines into a shell, the second with another function in place of its own."""
        line = self.call_line.replace("/list-customers/", f"/{function}/")
        line = line.replace('{"parameters": {}}', json.dumps({"parameters": parameters}))
        return json.loads(self.paste(token_line or self.sign_in_line, line))

    def paste(self, *lines: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["sh", "-c", "\n".join(lines)],  # noqa: S607
            env=self.environment,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout

    def processes(self) -> set[int]:
        """Return `up` and all that it has started, directly or not."""
        family = {self.process.pid}
        rows = process_table()
        while grown := {pid for pid, parent, _ in rows if parent in family} - family:
            family |= grown
        return family

    def part(self, program: str) -> int:
        """Return the process of a part, not that of its watcher."""
        family = self.processes()
        (found,) = (
            pid
            for pid, _, command in process_table()
            if pid in family and program in command and "supervisor.watch" not in command
        )
        return found

    def end(self, number: signal.Signals) -> int:
        """Signal `up` alone, as a terminal's `kill` does, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def _line_with(self, text: str) -> str:
        return next(line for line in self.printed().splitlines() if text in line)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type_of_start]:
    """Start `up` on a free port; what is still running is ended after the module."""
    running: list[Up] = []

    def start(folder: Path, *options: str, until: str = "Ready:", **environment: str) -> Up:
        output = tmp_path_factory.mktemp("output") / "printed"
        whole = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)} | environment
        with output.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603
                [*UP, "--port", "0", *options],
                env=whole,
                stdout=file,
                stderr=file,
                # A run in the background inherits from its shell that it hears no Ctrl-C.
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
            )
        up = Up(process, output, whole)
        running.append(up)
        up.wait_for(until)
        return up

    yield start

    for up in running:
        up.process.terminate()
    for up in running:
        up.process.wait(timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "state"


@pytest.fixture(scope="module")
def demo(start: type_of_start, folder: Path) -> Up:
    return start(folder, "--demo", until="Bearer $TOKEN")


@pytest.fixture(scope="module")
def plain(start: type_of_start, tmp_path_factory: pytest.TempPathFactory) -> Up:
    return start(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def settled(plain: Up, tmp_path: Path) -> Path:
    """A folder with the database of another installation, and keys of its own still to come."""
    theirs = Path(plain.environment["DATA_DIR"]) / "jigxmgmt.sqlite3"
    with (
        closing(sqlite3.connect(theirs)) as source,
        closing(sqlite3.connect(tmp_path / "jigxmgmt.sqlite3")) as copy,
    ):
        source.backup(copy)
    return tmp_path


class TestDemo:
    def test_pasted_lines_give_rows(self, demo: Up) -> None:
        answer = json.loads(demo.paste(demo.sign_in_line, demo.call_line))

        assert answer["status"] == "ok"
        assert len(answer["records"]) == 12

    @pytest.mark.parametrize(("function", "count"), [("list-orders", 23), ("list-tasks", 25)])
    def test_pages_are_joined_in_order(self, demo: Up, function: str, count: int) -> None:
        answer = demo.call(function)

        ids = [row["id"] for row in answer["records"]]
        assert len(ids) == count
        assert ids == sorted(ids)
        assert answer["upstream"]["pages"] == 3

    def test_calls_the_solution_s_script(self, demo: Up) -> None:
        rows = demo.call("list-tasks")["records"]

        assert {row["duration"] for row in rows} == {"30 min", "45 min", "1 h", "1 h 15 min"}

    def test_creates_from_a_body(self, demo: Up) -> None:
        answer = demo.call("create-note", customer_id="7", text="Ring twice")

        assert answer["upstream"]["status"] == 201
        assert answer["output"]["text"] == "Ring twice"

    def test_sends_the_sealed_api_key(self, demo: Up) -> None:
        answer = demo.call("list-stock")

        assert [row["id"] for row in answer["records"]] == ["VALVE-15", "VALVE-22", "PUMP-A"]

    def test_says_why_the_service_refused(self, demo: Up) -> None:
        answer = demo.call("cancel-order", order_id="O-1002")

        assert answer["status"] == "error"
        assert answer["error"]["title"] == "Too late to cancel"
        assert answer["error"]["description"] == "Order O-1002 has left the warehouse."

    def test_keeps_state_to_the_one_who_started_it(self, demo: Up, folder: Path) -> None:
        keys = list((folder / "keys").iterdir())

        assert folder.stat().st_mode & 0o777 == 0o700
        assert keys
        assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}

    def test_writes_no_password_down(self, demo: Up, folder: Path) -> None:
        password = demo.password.encode()

        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if password in path.read_bytes()]


class TestRefusals:
    def test_a_second_one_on_the_same_folder(self, demo: Up, folder: Path) -> None:
        assert refusal("--port", "0", folder=folder) == (
            2,
            f"jigxmgmt is already running on {folder}; stop it, or set another DATA_DIR.\n",
        )

    def test_a_taken_port(self, demo: Up, tmp_path: Path) -> None:
        port = demo.address.rpartition(":")[2]

        assert refusal("--port", port, folder=tmp_path) == (
            2,
            f"Port {port} is taken; stop what listens there, or give another with --port.\n",
        )

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        status, sentence = refusal("--port", "0", folder=tmp_path / "file" / "state")

        assert status == 2
        assert sentence.endswith("(Not a directory); set DATA_DIR to a folder of yours.\n")

    def test_a_database_whose_vault_key_is_gone(
        self, demo: Up, folder: Path, tmp_path: Path
    ) -> None:
        with (
            closing(sqlite3.connect(folder / "jigxmgmt.sqlite3")) as theirs,
            closing(sqlite3.connect(tmp_path / "jigxmgmt.sqlite3")) as copy,
        ):
            theirs.backup(copy)

        status, sentence = refusal("--port", "0", folder=tmp_path)

        assert status == 2
        assert "under the vault key local:" in sentence
        assert "put the backup of vault.key back" in sentence

    def test_half_a_tls_pair(self, tmp_path: Path) -> None:
        assert refusal("--tls-cert", "file.pem", folder=tmp_path) == (
            2,
            "Give --tls-cert and --tls-key together.\n",
        )

    def test_plain_http_from_elsewhere(self, demo: Up) -> None:
        answer = requests.post(
            f"{demo.address}/api/v1/auth/sign-in",
            json={},
            headers={"X-Forwarded-For": "192.0.2.7"},
            timeout=10,
        )

        assert answer.status_code == 403
        assert answer.json()["code"] == "tls_required"


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_stops_everything(
        self, start: type_of_start, settled: Path, number: signal.Signals
    ) -> None:
        up = start(settled)
        family = up.processes()

        status = up.end(number)

        assert status == 0
        assert len(family) == 9  # up; broker, web server, worker, beat, and a watcher for each
        assert not alive(family)
        assert up.printed().endswith("Stopped.\n")

    def test_a_killed_one_leaves_nothing_but_its_data(
        self, start: type_of_start, tmp_path: Path
    ) -> None:
        first = start(tmp_path, "--demo", until="Bearer $TOKEN")
        token = first.paste(first.sign_in_line, 'echo "$TOKEN"').strip()
        family = first.processes()

        first.end(signal.SIGKILL)
        wait_until(lambda: not alive(family))
        second = start(tmp_path, "--demo", until="Bearer $TOKEN")
        answer = second.call("list-customers", token_line=f"TOKEN={token}")

        assert len(answer["records"]) == 12
        assert first.password not in second.printed()
        assert "shown at the first start" in second.printed()


class TestWithoutDemo:
    def test_seeds_nothing(self, plain: Up) -> None:
        dump = [*UP[:2], "dumpdata", "orgs", "functions", "auth_providers"]

        done = subprocess.run(dump, env=plain.environment, capture_output=True, check=True)  # noqa: S603

        assert json.loads(done.stdout) == []

    def test_starts_a_part_again_that_fell(self, plain: Up) -> None:
        web = plain.part("uvicorn")

        os.kill(web, signal.SIGKILL)
        wait_until(lambda: not alive({web}))

        assert requests.get(f"{plain.address}/healthz", timeout=30).status_code == 200
        assert plain.part("uvicorn") != web

    def test_leaves_no_child_of_a_watcher_that_was_killed(self, plain: Up) -> None:
        beat = plain.part("celery -A jigxmgmt --quiet --skip-checks beat")
        (watcher,) = (parent for pid, parent, _ in process_table() if pid == beat)

        os.kill(watcher, signal.SIGKILL)

        wait_until(lambda: not alive({beat}))


class TestTls:
    def test_carries_a_call(self, start: type_of_start, tmp_path: Path) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        bundle = tmp_path / "authority.pem"
        chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
        authority.cert_pem.write_to_path(bundle)
        certificate.private_key_pem.write_to_path(key)
        for part in certificate.cert_chain_pems:
            part.write_to_path(chain, append=True)

        up = start(
            tmp_path / "state",
            *("--demo", "--tls-cert", str(chain), "--tls-key", str(key)),
            until="Bearer $TOKEN",
            CURL_CA_BUNDLE=str(bundle),
        )

        assert up.address.startswith("https://127.0.0.1:")
        assert len(up.call("list-customers")["records"]) == 12


def refusal(*options: str, folder: Path) -> tuple[int, str]:
    """Run an `up` that will not start; return its exit status and what it said."""
    done = subprocess.run(  # noqa: S603
        [*UP, *options],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert "Ready" not in done.stdout
    return done.returncode, done.stderr


def alive(pids: set[int]) -> set[int]:
    return pids & {pid for pid, _, _ in process_table()}


def process_table() -> list[tuple[int, int, str]]:
    """Return id, parent's id and command of every process that has not ended."""
    command = ["ps", "-wwAo", "pid=,ppid=,stat=,args="]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout  # noqa: S603
    rows = (line.split(None, 3) for line in printed.splitlines())
    return [
        (int(row[0]), int(row[1]), row[3] if len(row) > 3 else "")
        for row in rows
        if not row[2].startswith("Z")
    ]
