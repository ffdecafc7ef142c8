"""One statement through a driver, to a scripted server."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from functions import engine
from functions.engine.batches import compose
from functions.engine.recordsets import Recordsets
from functions.sql_server.drivers import Driver
from functions.sql_server.relays import Relay
from functions.sql_server.sessions import Session
from functions.sql_server.targets import Password, SignIn, Target
from functions.tests.engine.upstream import check
from tests.tds import Server

PASSWORD = "pa}ss;wörd{"
SIGN_IN = Password("app", engine.Secret(PASSWORD))


def target_at(server: Server, **changed: Any) -> Target:
    known = {"certificate_name": "db.example.test", "connect_seconds": 2, "connect_retries": 0}
    return Target(server.host, server.port, "shop", **{**known, **changed})


def signed_in(
    driver: Driver, server: Server, *, sign_in: SignIn = SIGN_IN, **changed: Any
) -> Session:
    relay = Relay.connect(server.host, server.port, bind_address=None, seconds=5)
    try:
        return driver.open(target_at(server, **changed), sign_in, relay)
    except BaseException:
        relay.close()
        raise


def ask(
    session: Session,
    source: dict[str, Any],
    values: Mapping[str, Any] = MappingProxyType({}),
    *,
    limits: engine.Limits | None = None,
    seconds: float = 5,
) -> dict[str, Any]:
    """Run and return `response.body`; raises what the engine would be told."""
    bounds = limits or engine.Limits()
    batch = compose(check(source), values, most_bytes=bounds.response_bytes)
    recordsets = Recordsets(bounds, outputs=batch.outputs)
    session.run(batch, recordsets, seconds=seconds)
    recordsets.require_no_error()
    body: dict[str, Any] = orjson.loads(recordsets.document)
    return body
