"""The stages of a connection's test that need no driver: the name, the way there, the certificate.

The driver tells these apart in no way that holds, and its time limit not at all: it waits for ever
for a server that keeps silent in the handshake.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from functions.sql_server.certificates import (
    advice_on,
    believing_context,
    describe,
    is_address,
    verifying_context,
)
from functions.sql_server.stages import Advice, Certificate, Stage, StageName, Status
from functions.sql_server.wire import NotSqlServer, TlsRefused, Wire
from jigxmgmt import outbound

# To show a certificate that was not believed, also when the time is up by then.
_SECOND_LOOK_SECONDS = 3

_REASONS = {
    Advice.TLS_EXPIRED: "The certificate is not valid now.",
    Advice.TLS_WRONG_NAME: "The certificate is for other names.",
    Advice.TLS_UNKNOWN_CA: "Nobody whom we trust has issued the certificate.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is said to be, and the name that its certificate must have."""

    host: str
    port: int
    name: str
    trusts_any_certificate: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """The stages seen, and the vetted address, unless the way ended before it could be used."""

    stages: tuple[Stage, ...]
    address: str | None


@dataclass(frozen=True, slots=True)
class _Sight:
    detail: str
    certificate: Certificate | None = None


class _Failed(Exception):
    def __init__(self, advice: Advice, detail: str, certificate: Certificate | None = None) -> None:
        super().__init__(detail)
        self.advice = advice
        self.sight = _Sight(detail, certificate)


async def look(
    place: Place, *, policy: outbound.Policy, seconds: float, bundle: str | None = None
) -> Seen:
    """Go as far as the server's certificate, and tell what was seen on the way.

    `bundle` is a file with certificates of authorities that are believed beside the system's.
    """
    return await _Look(place, policy, seconds, bundle).go()


class _Look:
    """One look, which holds at most one connection."""

    def __init__(
        self, place: Place, policy: outbound.Policy, seconds: float, bundle: str | None
    ) -> None:
        self._place = place
        self._policy = policy
        self._bundle = bundle
        self._ends = asyncio.get_running_loop().time() + seconds
        self._addresses: list[str] = []
        self._address = ""
        self._wires: list[Wire] = []

    async def go(self) -> Seen:
        steps = {
            StageName.DNS: self._resolve,
            StageName.TCP: self._connect,
            StageName.TLS: self._secure,
        }
        stages: list[Stage] = []
        try:
            for name, step in steps.items():
                has_failed = any(stage.status is not Status.OK for stage in stages)
                stages.append(
                    Stage(name, Status.SKIPPED) if has_failed else await _take(name, step)
                )
        finally:
            self._hang_up()
        is_usable = stages[-1].status is Status.OK
        return Seen(tuple(stages), self._address if is_usable else None)

    async def _resolve(self) -> _Sight:
        host, port = self._place.host, self._place.port
        try:
            async with asyncio.timeout_at(self._ends):
                self._addresses = await outbound.resolve_and_vet(host, port, self._policy)
        except outbound.AddressRefused as refusal:
            raise _Failed(Advice.ADDRESS_REFUSED, str(refusal)) from None
        except (outbound.Unreachable, TimeoutError):
            raise _Failed(Advice.DNS_UNKNOWN, "The host name has no address.") from None
        return _Sight(", ".join(self._addresses))

    async def _connect(self) -> _Sight:
        """Try one address after the other, each for its share of the time."""
        failure = _Failed(Advice.TCP_TIMEOUT, "Nothing answered in time.")
        left = len(self._addresses)
        for address in self._addresses:
            now = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout((self._ends - now) / left):
                    await self._dial(address)
            except ConnectionRefusedError:
                failure = _Failed(Advice.TCP_REFUSED, "Nothing listens on the port.")
            except TimeoutError:
                failure = _Failed(Advice.TCP_TIMEOUT, "Nothing answered in time.")
            except OSError:
                failure = _Failed(Advice.TCP_TIMEOUT, "There is no way to the address.")
            else:
                return _Sight(f"{address}, port {self._place.port}")
            left -= 1
        raise failure

    async def _dial(self, address: str) -> Wire:
        self._hang_up()
        bind_address = self._policy.bind_address
        wire = await Wire.connect(address, self._place.port, bind_address=bind_address)
        self._wires.append(wire)
        self._address = address
        return wire

    async def _secure(self) -> _Sight:
        [wire] = self._wires
        version = await self._greet(wire)
        try:
            tls = await self._shake_hands(wire, verifying_context(self._bundle))
        except ssl.SSLCertVerificationError as error:
            return await self._doubt(advice_on(error))
        certificate = describe(tls.getpeercert(binary_form=True) or b"")
        if is_address(self._place.name) and not self._place.trusts_any_certificate:
            detail = "The driver compares names with a certificate, and never addresses."
            raise _Failed(Advice.TLS_WRONG_NAME, detail, certificate)
        return _Sight(f"SQL Server {version}, {tls.version()}", certificate)

    async def _greet(self, wire: Wire) -> str:
        try:
            async with asyncio.timeout_at(self._ends):
                return await wire.greet()
        except TlsRefused:
            raise _Failed(Advice.TLS_REFUSED, "The server does not encrypt.") from None
        except TimeoutError:
            detail = "What listens there did not answer in time."
            raise _Failed(Advice.NOT_SQL_SERVER, detail) from None
        except (NotSqlServer, OSError):
            detail = "What listens there does not answer as SQL Server does."
            raise _Failed(Advice.NOT_SQL_SERVER, detail) from None

    async def _shake_hands(self, wire: Wire, context: ssl.SSLContext) -> ssl.SSLObject:
        try:
            async with asyncio.timeout_at(self._ends):
                return await wire.secure(context, name=self._place.name)
        except ssl.SSLCertVerificationError:
            raise
        except ValueError:
            raise _Failed(Advice.TLS_WRONG_NAME, "No certificate can be for this name.") from None
        except TimeoutError:
            detail = "The server did not end the TLS handshake in time."
            raise _Failed(Advice.TLS_REFUSED, detail) from None
        except (TlsRefused, OSError):
            raise _Failed(Advice.TLS_REFUSED, "The server broke off the TLS handshake.") from None

    async def _doubt(self, advice: Advice) -> _Sight:
        """Look again without verifying, to show what was not believed."""
        certificate = await self._look_again()
        if not self._place.trusts_any_certificate:
            raise _Failed(advice, _REASONS[advice], certificate)
        return _Sight(f"{_REASONS[advice]} Any certificate is trusted here.", certificate)

    async def _look_again(self) -> Certificate | None:
        try:
            async with asyncio.timeout(_SECOND_LOOK_SECONDS):
                wire = await self._dial(self._address)
                await wire.greet()
                tls = await wire.secure(believing_context(), name=self._place.name)
        except (NotSqlServer, TlsRefused, OSError):
            return None
        return describe(tls.getpeercert(binary_form=True) or b"")

    def _hang_up(self) -> None:
        while self._wires:
            self._wires.pop().close()


async def _take(name: StageName, step: Callable[[], Awaitable[_Sight]]) -> Stage:
    began = time.monotonic()
    try:
        sight, advice = await step(), None
    except _Failed as failure:
        sight, advice = failure.sight, failure.advice
    return Stage(
        name,
        Status.OK if advice is None else Status.FAILED,
        time.monotonic() - began,
        sight.detail,
        advice,
        sight.certificate,
    )
