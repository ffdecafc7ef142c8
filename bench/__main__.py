"""`make bench`: an installation of its own, a local service, and callers at 1, 32 and 200."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import jlens
import orjson
import uvloop

HERE = Path(__file__).parent
PYTHON = sys.executable
PASSWORD = "for the bench only, 4711"  # noqa: S105 (its installation lives for a minute)
ROUNDS = 3
CASES = [(1, 0), (32, 0), (200, 0), (1, 100), (32, 100), (200, 100)]
Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Figures:
    """One round: times in ms, calls a second, and how many failed."""

    p50: float
    p99: float
    rate: float
    errors: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def process(*command: str, **environment: str) -> Iterator[None]:
    """Run a command beside us and end it, with all it started, at the end."""
    running = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=60)


def manage(*arguments: str, **environment: str) -> dict[str, Any]:
    """Run one of our commands and return the JSON that it prints."""
    done = subprocess.run(  # noqa: S603
        [PYTHON, "manage.py", *arguments],
        env=os.environ | environment,
        capture_output=True,
        check=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


async def measure(act: Act, *, callers: int, seconds: float) -> Figures:
    """Let so many callers repeat the act for so long."""
    times: list[float] = []
    errors = 0
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal errors
        while (began := time.perf_counter()) < until:
            try:
                await act()
            except (aiohttp.ClientError, ValueError, TimeoutError):
                errors += 1
            times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    rate = len(times) / (time.perf_counter() - began)
    cuts = statistics.quantiles(times, n=100)
    return Figures(p50=cuts[49], p99=cuts[98], rate=rate, errors=errors)


def direct(session: aiohttp.ClientSession, port: int, delay: int) -> Act:
    """The same work without a portal: call, transform."""
    source = (HERE / "solution/functions/list-customers.jigx").read_text()
    transform = source.split("outputTransform: |\n")[1].split("records:")[0]
    expression = jlens.Expression(transform)

    async def act() -> None:
        async with session.get(f"http://127.0.0.1:{port}/{delay}") as response:
            expression.evaluate(orjson.loads(await response.read()))

    return act


def proxied(session: aiohttp.ClientSession, address: str, token: str, port: int, delay: int) -> Act:
    """The call as a phone makes it."""
    body = orjson.dumps({"parameters": {"port": port, "delay": delay}})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    async def act() -> None:
        async with session.post(address, data=body, headers=headers) as response:
            answer = orjson.loads(await response.read())
            if response.status != 200 or len(answer["records"]) != 100:
                raise ValueError(answer.get("code"))

    return act


async def compare(address: str, token: str, port: int, seconds: float) -> None:
    """Run each case in turn, direct and proxied, and print medians over the rounds."""
    print("callers  service  way        p50 ms   p99 ms  calls/s errors")  # noqa: T201
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        for callers, delay in CASES:
            ways = {
                "direct": direct(session, port, delay),
                "proxied": proxied(session, address, token, port, delay),
            }
            for act in ways.values():
                await measure(act, callers=callers, seconds=0.5)
            rounds: dict[str, list[Figures]] = {way: [] for way in ways}
            for _ in range(ROUNDS):
                for way, act in ways.items():
                    rounds[way].append(await measure(act, callers=callers, seconds=seconds))
            show(callers, delay, rounds)


def show(callers: int, delay: int, rounds: dict[str, list[Figures]]) -> None:
    middle = {way: summary(figures) for way, figures in rounds.items()}
    for way, figures in middle.items():
        print(  # noqa: T201
            f"{callers:>7} {delay:>5} ms  {way:8} {figures.p50:8.2f} {figures.p99:8.2f} "
            f"{figures.rate:8.0f} {figures.errors:>6}"
        )
    ratio = middle["proxied"].p50 / middle["direct"].p50
    print(f"{'':>7} {'':>8}  {'ratio':8} {ratio:8.2f}")  # noqa: T201


def summary(figures: list[Figures]) -> Figures:
    return Figures(
        p50=statistics.median(one.p50 for one in figures),
        p99=statistics.median(one.p99 for one in figures),
        rate=statistics.median(one.rate for one in figures),
        errors=sum(one.errors for one in figures),
    )


async def sign_in(base: str, client_id: str) -> str:
    device = {"name": "bench", "platform": "linux"}
    body = {
        "client_id": client_id,
        "email": "owner@bench.example",
        "password": PASSWORD,
        "device": device,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/api/v1/auth/sign-in", json=body) as response,
    ):
        token: str = (await response.json())["access_token"]
        return token


async def until_ready(base: str) -> None:
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{base}/readyz") as response:
                        if response.status == 200:
                            return
                await asyncio.sleep(0.1)


async def bench(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        port, service = free_port(), free_port()
        base = f"http://127.0.0.1:{port}"
        environment = {"DATA_DIR": folder, "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
        with (
            process(PYTHON, "-m", "bench.upstream", str(service)),
            process(PYTHON, "manage.py", "up", "--port", str(port), **environment),
        ):
            await until_ready(base)
            made = manage(
                *("bootstrap", "--email", "owner@bench.example", "--password", PASSWORD),
                *("--organization", "Bench"),
                **environment,
            )
            published = manage(
                *("publish_solution", str(HERE / "solution")),
                *("--organization", "Bench", "--name", "bench"),
                **environment,
            )
            token = await sign_in(base, made["client_id"])
            path = f"/api/v1/solutions/{published['solution_id']}/functions/list-customers/calls"
            await compare(base + path, token, service, seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one round")
    uvloop.run(bench(parser.parse_args().seconds))
