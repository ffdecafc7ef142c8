"""Functions that run here: the server's own engine, behind the same outbound guard."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from functions.device.purse import Purse
from functions.device.refusals import Unusable
from functions.engine import Call, Outcome, ScriptProcesses, Surroundings, run
from jigxmgmt import outbound

SECONDS = 60.0
Network = IPv4Network | IPv6Network
Told = Callable[[int], None]


@dataclass(slots=True)
class CountingTransport:
    """The outbound client under one policy; says the number of each request before it goes."""

    client: outbound.Client
    policy: outbound.Policy
    tell: Told
    sent: int = 0

    async def send(
        self, request: outbound.Request, *, timeout: float, max_bytes: int
    ) -> outbound.Response:
        self.sent += 1
        self.tell(self.sent)
        return await self.client.send(
            request, policy=self.policy, timeout=timeout, max_bytes=max_bytes
        )


def run_here(call: Call, *, purse: Purse, networks: tuple[Network, ...], tell: Told) -> Outcome:
    """Run a function to its end; private networks are open only where they are named.

    Raises NotSignedIn, or Unusable for a keychain that can't be read.
    """
    return asyncio.run(_run(call, purse, outbound.Policy(allowed_networks=networks), tell))


def read_networks(texts: list[str]) -> tuple[Network, ...]:
    """Read networks as 10.0.0.0/8; raises Unusable."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError:
        pass
    raise Unusable("Write a network as 10.0.0.0/8, with no host's own bits in it.")


async def _run(call: Call, purse: Purse, policy: outbound.Policy, tell: Told) -> Outcome:
    client, scripts = outbound.Client(), ScriptProcesses()
    try:
        return await run(
            call,
            surroundings=Surroundings(
                credentials=purse.find,
                transport=CountingTransport(client, policy, tell),
                deadline=time.monotonic() + SECONDS,
                scripts=scripts.of(str(call.organization["id"])),
                refresh=purse.refresh,
                mint=purse.mint,
            ),
        )
    finally:
        await client.close()
        scripts.close()
