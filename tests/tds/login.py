"""Reads who wants to sign in ([MS-TDS] 2.2.6.4)."""

from dataclasses import dataclass, field

from pysqlbridge.tds.login import deobfuscate_password

from tests.tds.reading import Reader

_FEATURE_EXTENSION = 0x10  # of OptionFlags3
_READ_ONLY_INTENT = 0x20  # of TypeFlags
_FEDERATED_AUTHENTICATION = 0x02


@dataclass(frozen=True)
class Login:
    """What LOGIN7 says; the token is the one of federated authentication, if there is one."""

    user: str
    password: str = field(repr=False)
    database: str
    host: str
    application: str
    server: str
    is_read_only: bool
    packet_size: int
    token: str | None = field(repr=False)


def read_login(message: bytes) -> Login:
    texts = [_text(message, 36 + 4 * field) for field in (0, 1, 3, 4, 8)]
    host, user, application, server, database = texts
    start, characters = _pair(message, 36 + 4 * 2)
    return Login(
        user=user,
        password=deobfuscate_password(message[start : start + characters * 2]),
        database=database,
        host=host,
        application=application,
        server=server,
        is_read_only=bool(message[26] & _READ_ONLY_INTENT),
        packet_size=int.from_bytes(message[8:12], "little"),
        token=_read_token(message),
    )


def _pair(message: bytes, position: int) -> tuple[int, int]:
    reader = Reader(message[position : position + 4])
    return reader.short(), reader.short()


def _text(message: bytes, position: int) -> str:
    start, characters = _pair(message, position)
    return message[start : start + characters * 2].decode("utf-16-le")


def _read_token(message: bytes) -> str | None:
    if not message[27] & _FEATURE_EXTENSION:
        return None
    start, _ = _pair(message, 36 + 4 * 5)
    features = Reader(message[Reader(message[start:]).long() :])
    while (feature := features.byte()) != 0xFF:
        content = Reader(features.take(features.long()))
        if feature == _FEDERATED_AUTHENTICATION:
            content.byte()  # which library it is for, and whether we said that it is wanted
            return content.take(content.long()).decode("utf-16-le")
    return None
