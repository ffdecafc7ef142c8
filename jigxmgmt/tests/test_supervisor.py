"""Parts are kept running, ended in order and to the last process, and start on fit ground only."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jigxmgmt.supervisor import broker
from jigxmgmt.supervisor.ground import Unfit, claim_folder, listen, listen_where_before
from jigxmgmt.supervisor.parts import Part, PartEnded, Supervisor

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST = 20.0

# Writes a line a start, and waits to be ended.
NOTES_START = "import sys, time; open(sys.argv[1], 'a').write('x\\n'); time.sleep(600)"
# As well, but hears no SIGTERM.
# Notes its id once it is deaf.
IS_STUBBORN = (
    "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(600)"
)
# Has a child of its own, whose id it writes down.
HAS_CHILD = (
    "import subprocess, sys; child = subprocess.Popen(['sleep', '600']); "
    "open(sys.argv[1], 'a').write(f'{child.pid}\\n'); child.wait()"
)


def part(program: str, *arguments: object, grace: float = 10.0) -> Part:
    command = [sys.executable, "-S", "-c", program, *map(str, arguments)]
    return Part("clock", command, os.environ, ROOT, grace=grace)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def watch_until_lines(supervisor: Supervisor, path: Path, count: int) -> None:
    until = time.monotonic() + LONGEST
    supervisor.watch(lambda: len(lines(path)) >= count or time.monotonic() > until, every=0.02)
    assert len(lines(path)) == count


def is_alive(pid: int) -> bool:
    printed = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        check=False,
        text=True,
    )
    return printed.stdout.strip() not in ("", "Z", "Z+")


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """The supervisor takes the signals over for the stop; give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.getsignal(signal.SIGHUP)
    yield
    for number, disposition in before.items():
        signal.signal(number, disposition)


class TestSupervisor:
    def test_starts_a_part_again_that_fell(self, tmp_path: Path) -> None:
        notes = tmp_path / "notes"
        ends_twice = "if len(open(sys.argv[1]).readlines()) < 3: sys.exit(4)"
        program = NOTES_START.replace("time.sleep", f"\n{ends_twice}\ntime.sleep")

        with Supervisor(first_delay=0.01) as supervisor:
            supervisor.start(part(program, notes))

            watch_until_lines(supervisor, notes, 3)

    def test_gives_up_on_a_part_that_keeps_falling(self) -> None:
        with Supervisor(first_delay=0.01) as supervisor:
            supervisor.start(part("raise SystemExit(4)"))

            with pytest.raises(PartEnded, match=r"The clock keeps ending \(exit code 4\)\."):
                supervisor.watch(lambda: False, every=1)

    def test_kills_what_will_not_end(self, tmp_path: Path) -> None:
        notes = tmp_path / "notes"

        with Supervisor() as supervisor:
            supervisor.start(part(IS_STUBBORN, notes, grace=0.1))
            watch_until_lines(supervisor, notes, 1)

        assert not is_alive(int(lines(notes)[0]))

    def test_ends_what_a_part_has_started(self, tmp_path: Path) -> None:
        notes = tmp_path / "notes"

        with Supervisor() as supervisor:
            supervisor.start(part(HAS_CHILD, notes))
            watch_until_lines(supervisor, notes, 1)

        assert not is_alive(int(lines(notes)[0]))

    def test_returns_what_a_command_printed(self) -> None:
        with Supervisor() as supervisor:
            assert supervisor.run_to_end(part("print('seeded')")) == "seeded\n"

    def test_says_that_a_command_failed(self) -> None:
        with (
            Supervisor() as supervisor,
            pytest.raises(PartEnded, match=r"The clock failed \(exit code 3\)\."),
        ):
            supervisor.run_to_end(part("raise SystemExit(3)"))


class TestClaimFolder:
    def test_makes_it_private(self, tmp_path: Path) -> None:
        lock = claim_folder(tmp_path / "state")

        os.close(lock)
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700

    def test_refuses_a_folder_that_is_claimed(self, tmp_path: Path) -> None:
        lock = claim_folder(tmp_path)

        with pytest.raises(Unfit, match="already running"):
            claim_folder(tmp_path)

        os.close(lock)

    def test_waits_for_the_stragglers_of_one_that_was_killed(self, tmp_path: Path) -> None:
        lock = claim_folder(tmp_path)
        straggler = subprocess.Popen(["sleep", "0.3"], pass_fds=[lock])  # noqa: S607
        os.pwrite(lock, b"%d" % pid_of_nobody(), 0)
        os.close(lock)

        claimed = claim_folder(tmp_path)

        os.close(claimed)
        assert straggler.wait() == 0


class TestListen:
    def test_refuses_a_taken_port(self) -> None:
        with listen("127.0.0.1", 0) as taken:
            port = taken.getsockname()[1]

            with pytest.raises(Unfit, match=f"Port {port} is taken"):
                listen("127.0.0.1", port)

    def test_refuses_what_is_no_port(self) -> None:
        with pytest.raises(Unfit, match="70000 is not a port"):
            listen("127.0.0.1", 70000)

    def test_sends_small_answers_at_once(self) -> None:
        with (
            listen("127.0.0.1", 0) as listener,
            socket.create_connection(listener.getsockname()),
        ):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def test_keeps_to_the_port_of_the_last_time(self, tmp_path: Path) -> None:
        with listen_where_before(tmp_path / "port") as first:
            port = first.getsockname()[1]

        with listen_where_before(tmp_path / "port") as second:
            assert second.getsockname()[1] == port

    def test_moves_when_that_port_is_taken(self, tmp_path: Path) -> None:
        with (
            listen_where_before(tmp_path / "port") as first,
            listen_where_before(tmp_path / "port") as second,
        ):
            moved = second.getsockname()[1]

            assert moved != first.getsockname()[1]
            assert int((tmp_path / "port").read_text()) == moved


class TestBroker:
    def test_finds_one_that_pops_several_at_once(self) -> None:
        assert broker.find_server().is_file()

    def test_refuses_a_socket_folder_that_is_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

        with pytest.raises(Unfit, match="belongs to somebody else"):
            broker.make_private(tmp_path / "link")

    def test_does_not_take_a_silent_socket_for_an_answer(self, tmp_path: Path) -> None:
        assert not broker.answers(tmp_path / "missing.sock")


def pid_of_nobody() -> int:
    """Return the id of a process that has ended."""
    ended = subprocess.Popen(["true"])  # noqa: S607
    ended.wait()
    return ended.pid
