"""The same guard for code that may block: a session of `requests` whose exchanges `Client` makes.

One set of rules for both, so that neither is the weaker one. The library is the caller's view
alone: its pools, its resolving, its redirects, cookies, proxies and .netrc files take no part.
"""

import asyncio
import io
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import cache
from threading import Thread
from typing import Any

import requests
from aiohttp.abc import AbstractResolver
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from jigxmgmt.outbound.addresses import Policy
from jigxmgmt.outbound.client import Client
from jigxmgmt.outbound.failures import BadRequest, OutboundFailure
from jigxmgmt.outbound.messages import Request, Response, checked_url

Send = Callable[[Request], Response]

# `requests` writes them by itself; here the client underneath frames the message.
_FRAMING = frozenset({"connection", "content-length"})
# True of what came over the wire, and not of the decoded body that the caller gets.
_UNTRUE_ONCE_READ = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def guarded_session(
    policy: Policy,
    *,
    timeout: float,
    max_bytes: int,
    resolver: Callable[[], AbstractResolver] | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> requests.Session:
    """Return a session whose every request ends within `timeout` seconds and `max_bytes`.

    A redirect is an answer like any other; no cookie is kept, nothing is read from the
    environment. Raises the failures of `jigxmgmt.outbound`, whatever `requests` would raise.
    Not for the thread of an event loop: it would stand still.
    """
    session = _GuardedSession()
    adapter = GuardedAdapter(
        policy,
        timeout=timeout,
        max_bytes=max_bytes,
        resolver=resolver,
        ssl_context=ssl_context,
    )
    session.adapters.clear()
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class GuardedAdapter(HTTPAdapter):
    """Can be mounted on any session of the library, which then keeps its own redirects."""

    def __init__(
        self,
        policy: Policy,
        *,
        timeout: float,
        max_bytes: int,
        resolver: Callable[[], AbstractResolver] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        self._policy = policy
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._resolver = resolver
        self._ssl_context = ssl_context

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Send under this adapter's own bounds: proxies, certificates and timeouts are ignored."""
        asked = Request(
            request.method or "",
            request.url or "",
            tuple(_own_headers(request.headers.items())),
            _body_of(request),
        )
        answer: Future[Response] = Future()
        # A thread of its own: this one may have a loop that runs, and a name server that keeps
        # silent holds up the end of a loop for longer than our own time.
        Thread(target=self._exchange, args=(asked, answer), daemon=True).start()
        return self.build_response(request, _read_out(answer.result()))

    def _exchange(self, asked: Request, answer: "Future[Response]") -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._answer(asked, answer))
        except BaseException as error:  # noqa: BLE001 (the thread's end; the caller raises it)
            if not answer.done():
                answer.set_exception(error)

    async def _answer(self, asked: Request, answer: "Future[Response]") -> None:
        client = Client(
            resolver=self._resolver() if self._resolver else None,
            ssl_context=self._ssl_context or _system_authorities(),
        )
        try:
            response = await client.send(
                asked, policy=self._policy, timeout=self._timeout, max_bytes=self._max_bytes
            )
        except OutboundFailure as failure:
            # At once: the loop's own end may wait for the name server.
            answer.set_exception(failure)
        else:
            answer.set_result(response)
        finally:
            await client.close()


class _GuardedSession(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers.clear()

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        # As it is written: the library mends URLs, and goes to port 80 for port 0.
        checked_url(Request("", _text(url)))
        try:
            return super().request(method, url, *args, **kwargs)
        except (requests.RequestException, ValueError):
            failure = BadRequest("The request can't be written down.")
        # Outside the except clause, because the library's messages hold URLs and headers.
        raise failure

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow nothing, whatever the caller asked for."""


def _own_headers(headers: Iterable[tuple[str | bytes, str | bytes]]) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        text = _text(name)
        if text.lower() not in _FRAMING:
            yield text, _text(value)


def _text(written: str | bytes) -> str:
    return written if isinstance(written, str) else written.decode("latin-1")


def _body_of(request: requests.PreparedRequest) -> bytes | None:
    body = request.body
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise BadRequest("The body is not one that can be sent at once.")


def _read_out(response: Response) -> HTTPResponse:
    headers = HTTPHeaderDict()
    for name, value in response.headers:
        if name.lower() not in _UNTRUE_ONCE_READ:
            headers.add(name, value)
    return HTTPResponse(
        body=io.BytesIO(response.body),
        headers=headers,
        status=response.status,
        reason=response.reason,
        preload_content=False,
    )


@cache
def _system_authorities() -> ssl.SSLContext:
    """Return the context of all calls: to read the authorities takes longer than a call."""
    return ssl.create_default_context()
