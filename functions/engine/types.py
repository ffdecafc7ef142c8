"""What goes into a call and what comes out of it: plain, immutable, no secrets in print."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, NoReturn, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from functions.engine.batches import Batch
    from functions.engine.definitions import Definition
    from functions.engine.recordsets import Recordsets
    from functions.engine.scripts import OwnScripts
    from jigxmgmt import outbound


class Provider(StrEnum):
    REST = "DATA_PROVIDER_REST"
    SQL = "DATA_PROVIDER_SQL"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where in the definition or the parameters; the message holds no value."""

    path: tuple[str | int, ...]
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """Where in a definition which function of which script is called."""

    path: tuple[str | int, ...]
    file: str
    function: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A definition that may run, or the faults that keep it from running.

    An empty file is legal: it has neither a definition nor a fault, only a warning `empty`. Whether
    the scripts have the functions that are called is for others to find out: it runs them.
    """

    definition: "Definition | None"
    faults: list[Fault]
    warnings: list[Fault]
    script_calls: Sequence[ScriptCall] = ()


class Secret:
    """A text that shows itself only when asked by name: never in print, pickle or JSON."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret can't be copied out of memory.")


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret and where it may go.

    The type is `api_key`, `secret`, `basic_auth` (the secret is `username:password`), `oauth` or
    `oauth_alias` (the secret is the calling user's access token). Origins are
    `https://host[:port]`; none means nowhere.
    """

    key: str
    type: str
    secret: Secret
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one call. Sizes are bytes after decoding; rows are a database's.

    An expression writes what an answer comes to in base64, and hardly more: the library looks at
    its clock too seldom for longer texts, and they fill the memory meanwhile.
    """

    pages: int = 100
    total_bytes: int = 32_000_000
    response_bytes: int = 6_000_000
    rows: int = 50_000
    request_bytes: int = 6_000_000
    service_seconds: float = 30.0
    expression_seconds: float = 2.0
    expression_depth: int = 500
    expression_steps: int = 20_000_000
    expression_bytes: int = 9_000_000
    expression_items: int = 100_000
    retries: int = 10


class Transport(Protocol):
    """Sends one request under a policy that the caller has bound to it.

    Raises jigxmgmt.outbound's failures; the timeout is in seconds.
    """

    async def send(
        self, request: "outbound.Request", *, timeout: float, max_bytes: int
    ) -> "outbound.Response": ...


class Refresh(Protocol):
    """Gives another access token in place of one that the service has just refused.

    None where there is none to be had. Raises EngineFailure.
    """

    async def __call__(self, refused: Credential) -> Credential | None: ...


class Mint(Protocol):
    """Issues a token of the installation's own for one origin. Raises EngineFailure."""

    async def __call__(self, origin: str) -> str: ...


class Database(Protocol):
    """Runs batches on one database; what signs in there is in `secrets`.

    `run` hands each set to the recordsets as it is read. Raises SqlError, UpstreamUnreachable,
    UpstreamTimeout, UpstreamTooLarge, BadResponse or AddressRefused; the bound is in seconds.
    """

    @property
    def secrets(self) -> Sequence[Secret]: ...

    async def run(self, batch: "Batch", recordsets: "Recordsets", *, seconds: float) -> None: ...


class OffLoop(Protocol):
    async def __call__(self, function: Callable[..., Any], /, *args: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a call may use of the world.

    The deadline is a reading of `time.monotonic()`. `credentials` answers by key, None where there
    is no such credential. Which schemes an origin may have is decided by whoever saves it: the
    engine compares scheme, host and port. `scripts` are processes of the definition's owner.
    `database` answers by the name of a connection, and raises SqlError where it can't. Without it
    SQL does not run, without `refresh` no access token is renewed, without `mint` none of our own
    is issued.
    """

    credentials: Callable[[str], Awaitable[Credential | None]]
    transport: Transport
    deadline: float
    scripts: "OwnScripts"
    limits: Limits = Limits()
    off_loop: OffLoop = asyncio.to_thread
    refresh: Refresh | None = None
    mint: Mint | None = None
    database: Callable[[str], Awaitable[Database]] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a definition; the mappings are plain JSON and named as expressions see them.

    Whoever tries a function also gets what a database answered before it was transformed.
    """

    definition: "Definition"
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)
    user: Mapping[str, Any] = field(default_factory=dict, repr=False)
    solution: Mapping[str, Any] = field(default_factory=dict, repr=False)
    organization: Mapping[str, Any] = field(default_factory=dict, repr=False)
    entity: str | None = None
    command_id: str | None = None
    correlation_id: str | None = None
    queries: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_trial: bool = False


class ErrorAnswer(TypedDict):
    """The `error` of a call's answer; `status` is the service's, None when none came."""

    name: str
    title: str
    description: Any
    details: Any
    notification: Any
    alert: Any
    retry: Any
    status: int | None
    icon: NotRequired[Any]
    group: NotRequired[Any]


class Warned(TypedDict):
    """A part of the definition that gave nothing, and JSONata's code for why. Never a value."""

    path: str
    code: str


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds spent waiting for the service, and in expressions."""

    upstream: float = 0.0
    transform: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call. Sizes are bytes of bodies, over all pages and attempts.

    `echoed_secret` says that a service sent back a secret that it had been sent; it is masked.
    `answer` is JSON, and there for trials of SQL functions alone: what `response.body` was.
    """

    status: Literal["ok", "skipped", "error"]
    output: Any = field(default=None, repr=False)
    records: Sequence[Any] = field(default=(), repr=False)
    operations: list[dict[str, Any]] = field(default_factory=list, repr=False)
    error: ErrorAnswer | None = field(default=None, repr=False)
    upstream_status: int | None = None
    pages: int = 0
    timing: Timing = Timing()
    warnings: list[Warned] = field(default_factory=list)
    request_bytes: int = 0
    response_bytes: int = 0
    echoed_secret: bool = False
    answer: str | None = field(default=None, repr=False)
