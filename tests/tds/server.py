"""Listens on loopback and keeps what every client did."""

import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from tests.tds.answers import Answer, Error
from tests.tds.certificates import Authority, Certificate
from tests.tds.greetings import Greeting
from tests.tds.requests import Request
from tests.tds.session import Conversation, House, Session
from tests.tds.wire import Gone, Wire

NAME = "db.example.test"
LONGEST_WAIT = 10.0

Script = Callable[[Request], Answer] | Sequence[Answer]


class Server:
    """A running server; `greeting` is how it meets whoever connects next."""

    def __init__(self, house: House) -> None:
        self.greeting: Greeting | None = None
        self.sessions: list[Session] = []
        self._house = house
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._connected: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()

    @property
    def requests(self) -> list[Request]:
        """What callers of the driver asked for, whatever the driver asks for by itself."""
        with self._changed:
            every = [request for session in self.sessions for request in session.requests]
        return [request for request in every if not request.is_the_drivers_own]

    @property
    def statements(self) -> list[str]:
        return [request.statement for request in self.requests]

    @property
    def attentions(self) -> int:
        with self._changed:
            return sum(session.attentions for session in self.sessions)

    @property
    def open_sessions(self) -> list[Session]:
        with self._changed:
            return [session for session in self.sessions if session.is_open]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once something that a client did makes it true."""
        with self._changed:
            assert self._changed.wait_for(condition, LONGEST_WAIT), "the clients did not do it"

    def listen(self) -> None:
        """Speak with every client in a thread of its own, until the server is closed."""
        self._start(self._accept)

    def close(self) -> None:
        """End every connection and wait until nobody speaks any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        for connected in self._connected:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connected, (address, _) = self._listener.accept()
            except OSError:  # closed
                return
            self._connected.append(connected)
            self._start(self._speak, connected, Session(address))

    def _speak(self, connected: socket.socket, session: Session) -> None:

        def note(change: Callable[[Session], None]) -> None:
            with self._changed:
                change(session)
                self._changed.notify_all()

        note(self.sessions.append)
        try:
            with connected, suppress(Gone, OSError):
                Conversation(Wire(connected), self._house, self.greeting, note).hold()
        finally:
            note(lambda session: setattr(session, "is_open", False))


@contextmanager
def sql_server(
    answers: Script = (),
    *,
    certificate: Certificate | None = None,
    logins: Mapping[str, str] | None = None,
    tokens: Collection[str] = (),
    greeting: Greeting | None = None,
) -> Iterator[Server]:
    """Run a server that answers by a function of the request, or with one answer after another.

    Without `logins` it lets everybody in who has a password; by a token, only one of `tokens`.
    """
    house = House(
        certificate or Authority().issue(NAME, "127.0.0.1"),
        logins,
        tokens,
        answers if callable(answers) else _in_turn(answers),
    )
    server = Server(house)
    server.greeting = greeting
    server.listen()
    try:
        yield server
    finally:
        server.close()


def _in_turn(answers: Sequence[Answer]) -> Callable[[Request], Answer]:
    left = iter(answers)
    nothing = Error(50000, "The test has no answer left.")
    return lambda request: next(left, nothing)
