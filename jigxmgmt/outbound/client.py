"""Sends one request and brings back one response, in bounded time and memory."""

import asyncio
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong

from jigxmgmt.outbound.addresses import Policy
from jigxmgmt.outbound.bodies import read_body
from jigxmgmt.outbound.failures import OutboundFailure, TimedOut, TooLarge, Unreachable
from jigxmgmt.outbound.messages import (
    Request,
    Response,
    checked_headers,
    checked_method,
    checked_url,
)
from jigxmgmt.outbound.pools import Pools

# The first that fits counts. Texts of our own, because the library's hold whole URLs.
_EXPLANATIONS: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorCertificateError, "The server's certificate was not accepted."),
    (aiohttp.ClientConnectorSSLError, "No TLS connection came about."),
    (aiohttp.ClientConnectorDNSError, "The host name has no address."),
    (aiohttp.ClientConnectorError, "No connection came about."),
    (aiohttp.ClientPayloadError, "The response broke off or is malformed."),
    (aiohttp.ClientResponseError, "The response is not HTTP."),
)


class Client:
    """One per event loop. Keeps connections open between calls, never between policies.

    A redirect is a response like any other. An idempotent request (RFC 9110 section 9.2.2) is sent
    once more when the server hung up without an answer; any other is sent at most once.
    `resolver` replaces the system's; its answers are vetted and not cached. `ssl_context` adds
    authorities of the operator's own and must verify names and certificates.
    """

    def __init__(
        self,
        *,
        user_agent: str = "jigxmgmt",
        max_connections: int = 512,
        resolver: AbstractResolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        context = ssl_context or ssl.create_default_context()
        if not context.check_hostname or context.verify_mode is not ssl.CERT_REQUIRED:
            raise ValueError("The TLS context must verify names and certificates.")
        self._pools = Pools(
            user_agent=user_agent,
            max_connections=max_connections,
            resolver=resolver,
            ssl_context=context,
        )

    async def send(
        self, request: Request, *, policy: Policy, timeout: float, max_bytes: int
    ) -> Response:
        """Send, within `timeout` seconds in all, and hold at most `max_bytes` of decoded body.

        Raises BadRequest or AddressRefused before anything is sent; Unreachable, TimedOut or
        TooLarge later.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(request, policy, max_bytes)
        except TimeoutError:
            failure: OutboundFailure = TimedOut("No whole response came in time.")
        except (aiohttp.ClientError, OSError) as error:
            failure = _explain(error)
        # Outside the except clause, so that not even the context holds the library's words.
        raise failure

    async def close(self) -> None:
        await self._pools.close()

    async def _exchange(self, request: Request, policy: Policy, max_bytes: int) -> Response:
        method, url = checked_method(request), checked_url(request)
        headers = checked_headers(request)
        pool = await self._pools.find(policy)
        pool.calls += 1
        try:
            received = await pool.session.request(
                method, url, headers=headers, data=request.body, allow_redirects=False
            )
            try:
                return await _read(received, max_bytes)
            finally:
                received.close()
        finally:
            pool.calls -= 1


async def _read(received: aiohttp.ClientResponse, max_bytes: int) -> Response:
    if received.status < 200:
        raise Unreachable("The server changed the protocol unasked.")
    body = await read_body(received, max_bytes=max_bytes)
    reason = (received.reason or "").encode("utf-8", "surrogateescape")
    return Response(
        status=received.status,
        reason=_text(reason),
        headers=tuple((_text(name), _text(value)) for name, value in received.raw_headers),
        body=body,
    )


def _text(octets: bytes) -> str:
    """Decode without the lone surrogates of the library's way, which no JSON can hold."""
    return octets.decode("utf-8", "replace")


def _explain(error: Exception) -> OutboundFailure:
    if _is_beyond_header_bounds(error):
        return TooLarge("The response's headers are larger than allowed.")
    for kind, explanation in _EXPLANATIONS:
        if isinstance(error, kind):
            return Unreachable(explanation)
    return Unreachable("The server closed the connection.")


def _is_beyond_header_bounds(error: BaseException) -> bool:
    """Look for the parser's own exception under the two that the client wraps around it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LineTooLong):
            return True
        if isinstance(cause, BadHttpMessage) and cause.message.startswith("Too many headers"):
            return True
        cause = cause.__cause__
    return False
