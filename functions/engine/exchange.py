"""One request on its way: secrets filled in, sent, answered; and when it is worth another try."""

import asyncio
import email.utils
import functools
import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from functions.engine import failures
from functions.engine.building import Draft, write_body
from functions.engine.credentials import Wallet, mint_for
from functions.engine.definitions import OUR_TOKEN, Parameters
from functions.engine.evaluation import ON_LOOP_SIZE
from functions.engine.failures import EngineFailure
from functions.engine.replies import Reply, read_reply
from functions.engine.types import Credential, Limits, Surroundings
from functions.engine.urls import checked_url, encoded, origin_of
from jigxmgmt import outbound

_TOO_MANY = 429
_TOO_MANY_RETRIES = 3
_TOO_MANY_SECONDS = 5.0

_FAILURES: dict[type[outbound.OutboundFailure], tuple[type[EngineFailure], str]] = {
    outbound.AddressRefused: (failures.AddressRefused, "Calls may not go to this address."),
    outbound.BadRequest: (failures.BadRequest, "The URL or a header can't be sent."),
    outbound.TooLarge: (failures.UpstreamTooLarge, "The service's answer is too large."),
    outbound.TimedOut: (failures.UpstreamTimeout, "The service did not answer in time."),
    outbound.Unreachable: (failures.UpstreamUnreachable, "The service can't be reached."),
}


@dataclass(slots=True)
class Traffic:
    """What was sent and received so far, over all pages and attempts."""

    seconds: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0
    status: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A request with its secrets in it, ready to leave, and the draft that it was made from."""

    request: outbound.Request
    origin: str
    carried: tuple[Credential, ...]
    draft: Draft
    parameters: Parameters

    @property
    def bound(self) -> tuple[Credential, ...]:
        """What it carries that may go to some origins only; a token of ours is made for this."""
        return tuple(held for held in self.carried if held.type != OUR_TOKEN)

    @property
    def digest(self) -> bytes:
        """Name the request by method, URL and body, without holding them."""
        request = self.request
        seal = hashlib.sha256(f"{request.method} {request.url}\n".encode())
        seal.update(request.body or b"")
        return seal.digest()


async def seal_letter(
    draft: Draft, *, wallet: Wallet, parameters: Parameters, surroundings: Surroundings
) -> Letter:
    """Fill the secrets in. Raises BadRequest, UpstreamTooLarge, CredentialMissing."""
    url, limits = _address(draft, wallet), surroundings.limits
    origin = origin_of(url)
    headers = dict(draft.headers)
    carried = tuple(wallet.carried_by(draft.url, headers, draft.body))
    if any(held.type == OUR_TOKEN for held in carried):
        await mint_for(origin, wallet=wallet, mint=surroundings.mint)
    body, content_type = write_body(draft.kind, wallet.filled(draft.body), parameters=parameters)
    if body is not None and len(body) > limits.request_bytes:
        raise failures.UpstreamTooLarge("The request is larger than a request may be.")
    names = {name.lower() for name in headers}
    if draft.kind == "multipart":  # the boundary is ours, so the whole value is
        headers = {n: value for n, value in headers.items() if n.lower() != "content-type"}
        names.discard("content-type")
    if content_type is not None and "content-type" not in names:
        headers["Content-Type"] = content_type
    filled = tuple((name, wallet.filled(value)) for name, value in headers.items())
    request = outbound.Request(draft.method, url, filled, body)
    return Letter(request, origin, carried, draft, parameters)


def _address(draft: Draft, wallet: Wallet) -> str:
    if not wallet.is_in(draft.url):
        return draft.url
    if any(held.type == OUR_TOKEN for held in wallet.carried_by(draft.url)):
        # It is made for an origin, so it can't be there before the origin is known.
        raise failures.BadRequest("A token of this installation's own can't stand in an address.")
    return checked_url(wallet.filled(draft.url, encode=encoded))


async def send_once(
    letter: Letter, *, form: str, wallet: Wallet, surroundings: Surroundings, traffic: Traffic
) -> Reply:
    """Send; raises the failure that the transport or the reading of the answer ended in."""
    limits, request = surroundings.limits, letter.request
    left = surroundings.deadline - time.monotonic()
    if left <= 0:
        raise failures.UpstreamTimeout("The call's time is over.")
    started = time.monotonic()
    traffic.status = None
    traffic.request_bytes += len(request.body or b"")
    try:
        response = await surroundings.transport.send(
            request, timeout=min(left, limits.service_seconds), max_bytes=limits.response_bytes
        )
    except outbound.OutboundFailure as failure:
        kind, description = _FAILURES.get(type(failure), _FAILURES[outbound.Unreachable])
    else:
        traffic.response_bytes += len(response.body)
        traffic.status = response.status
        read = functools.partial(read_reply, response, form=form, wallet=wallet)
        is_large = len(response.body) > ON_LOOP_SIZE
        return cast(Reply, await surroundings.off_loop(read)) if is_large else read()
    finally:
        traffic.seconds += time.monotonic() - started
    raise kind(description)


def seconds_to_wait(reply: Reply | None, *, retries: int) -> float | None:
    """Say when a call without a handler is tried again: only after 429, and three times.

    The service says how long in `Retry-After` (RFC 9110, section 10.2.3), else it is five seconds.
    """
    if reply is None or reply.status != _TOO_MANY or retries >= _TOO_MANY_RETRIES:
        return None
    return _retry_after(reply.headers)


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return _TOO_MANY_SECONDS
    return max(0.0, moment.timestamp() - time.time())


def handled_wait(retry: Any, *, retries: int, limits: Limits) -> float | None:
    """Say when a handler wants another try: `{delay: milliseconds, maxRetries}`.

    Where one is absent or null: one second, and one try. What is no number ends the call.
    """
    if not isinstance(retry, Mapping):
        return None
    allowed, delay = _number(retry.get("maxRetries"), 1), _number(retry.get("delay"), 1000)
    if allowed is None or delay is None or retries >= min(allowed, limits.retries):
        return None
    return max(0.0, delay / 1000)


def _number(value: Any, default: float) -> float | None:
    """Read a number, also from the text that a header gives; None for what is none."""
    try:
        number = default if value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


async def wait(seconds: float, *, deadline: float) -> bool:
    """Wait; false, and at once, where the call would be over by then."""
    if time.monotonic() + seconds >= deadline:
        return False
    await asyncio.sleep(seconds)
    return True
