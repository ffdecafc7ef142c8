"""One client's session, from its first packet to its last."""

import ssl
import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pysqlbridge.tds.packet import PacketType
from pysqlbridge.tds.prelogin import (
    SQL_SERVER_2025,
    Encryption,
    Prelogin,
    PreloginOption,
    server_response,
)
from pysqlbridge.tds.token import EnvChangeType, env_change, login_response

from tests.tds.answers import SERVER, Answer, Error, encode_message, wrong_password
from tests.tds.certificates import Certificate
from tests.tds.greetings import Greeting, HangUp, Refuse, Reroute, Stage, Stall
from tests.tds.login import Login, read_login
from tests.tds.requests import Request, RequestKind, read_request
from tests.tds.responses import Response, done
from tests.tds.wire import PACKET_SIZE, Gone, Wire

_FEATURES_ACKNOWLEDGED, _FEDERATED_AUTHENTICATION, _END_OF_FEATURES = 0xAE, 0x02, 0xFF
_ROUTING = 20
_TRANSACTION = bytes(range(1, 9))  # its descriptor; any but zero


@dataclass
class Session:
    """What is known of a client, `server_name` by TLS (SNI); the server's lock guards it."""

    address: str
    login: Login | None = None
    server_name: str | None = None
    requests: list[Request] = field(default_factory=list)
    attentions: int = 0
    is_open: bool = True


@dataclass(frozen=True)
class House:
    """Who is let in, and what they are answered."""

    certificate: Certificate
    logins: Mapping[str, str] | None
    tokens: Collection[str]
    answer: Callable[[Request], Answer]

    def refusal_of(self, login: Login) -> Error | None:
        if login.token is not None:
            is_known = login.token in self.tokens
        else:
            is_known = self.logins is None or self.logins.get(login.user) == login.password
        return None if is_known else wrong_password(login.user)


class Conversation:
    """Speaks with one client."""

    def __init__(
        self,
        wire: Wire,
        house: House,
        greeting: Greeting | None,
        note: Callable[[Callable[[Session], None]], None],
    ) -> None:
        self._wire = wire
        self._house = house
        self._greeting = greeting
        self._note = note
        self._prepared: dict[int, str] = {}

    def hold(self) -> None:
        """Let the client in and answer it until one of both ends the connection."""
        self._agree_on_encryption()
        self._let_in(self._take_login())
        while True:
            message = self._wire.receive()
            if message.type is PacketType.ATTENTION:  # it came after the whole answer
                self._note_attention()
                self._wire.write(done(0x20))
                self._wire.end_message()
            else:
                self._answer(read_request(message, self._prepared))

    def _agree_on_encryption(self) -> None:
        asked = Prelogin.parse(self._wire.receive().payload)
        self._pass(Stage.CONNECTED)
        given = server_response(encryption=Encryption.ON, asked=asked)
        required = asked.get(PreloginOption.FEDAUTHREQUIRED)
        if required is not None:
            given.options.append((PreloginOption.FEDAUTHREQUIRED, required))
        self._wire.write(given.build())
        self._wire.end_message()
        hello = self._wire.receive().payload
        self._pass(Stage.TLS)
        context = self._house.certificate.context()
        context.sni_callback = self._note_name
        self._wire.secure(context, hello)

    def _note_name(self, tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self._note(lambda session: setattr(session, "server_name", name))

    def _take_login(self) -> Login:
        message = self._wire.receive()
        assert message.type is PacketType.LOGIN7
        login = read_login(message.payload)
        self._note(lambda session: setattr(session, "login", login))
        self._pass(Stage.LOGIN)
        return login

    def _pass(self, stage: Stage) -> None:
        """Go on beyond the stage, unless the greeting is to end there."""
        match self._greeting:
            case HangUp(stage=end) if end is stage:
                raise Gone
            case Stall(stage=end, until=until) if end is stage:
                while not until.is_set():
                    self._wire.received(wait=0.01)

    def _let_in(self, login: Login) -> None:
        greeting = self._greeting
        refusal = greeting.error if isinstance(greeting, Refuse) else self._house.refusal_of(login)
        if refusal is not None:
            self._wire.write(encode_message(refusal) + done(0x02))
            self._wire.end_message()
            raise Gone
        version = (SQL_SERVER_2025.major, SQL_SERVER_2025.minor, SQL_SERVER_2025.build)
        welcome: bytes = login_response(
            version=version,
            server_name=SERVER,
            database=login.database or "master",
            packet_size=PACKET_SIZE,
        )
        before_done = -len(done())
        middle = _acknowledge_token(login) + _route(greeting)
        self._wire.write(welcome[:before_done] + middle + welcome[before_done:])
        self._wire.end_message()

    def _answer(self, request: Request) -> None:
        self._note(lambda session: session.requests.append(request))
        if request.kind is RequestKind.TRANSACTION:
            self._wire.write(_change_transaction(request.statement) + done())
            self._wire.end_message()
            return
        handle = None
        if request.procedure in ("sp_prepare", "sp_prepexec"):
            handle = len(self._prepared) + 1
            self._prepared[handle] = request.statement
        response = Response(
            self._wire,
            self._note_attention,
            is_to_procedure=bool(request.procedure),
            handle=handle,
        )
        response.send([] if request.is_the_drivers_own else self._house.answer(request))

    def _note_attention(self) -> None:
        def count(session: Session) -> None:
            session.attentions += 1

        self._note(count)


def _acknowledge_token(login: Login) -> bytes:
    if login.token is None:
        return b""
    return struct.pack(
        "<BBIB", _FEATURES_ACKNOWLEDGED, _FEDERATED_AUTHENTICATION, 0, _END_OF_FEATURES
    )


def _route(greeting: Greeting | None) -> bytes:
    if not isinstance(greeting, Reroute):
        return b""
    host = struct.pack("<H", len(greeting.host)) + greeting.host.encode("utf-16-le")
    target = struct.pack("<BH", 0, greeting.port) + host
    body = struct.pack("<BH", _ROUTING, len(target)) + target + bytes(2)
    return struct.pack("<BH", 0xE3, len(body)) + body


def _change_transaction(act: str) -> bytes:
    kind = EnvChangeType[f"{act}_TRAN"]
    change: bytes = (
        env_change(kind, _TRANSACTION, b"")
        if act == "BEGIN"
        else env_change(kind, b"", _TRANSACTION)
    )
    return change
