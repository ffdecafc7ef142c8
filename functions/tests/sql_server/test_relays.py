"""The way of the driver, through a relay, to a scripted SQL Server."""

import threading

import pyodbc
import pytest

from functions.sql_server.drivers import load_driver
from functions.sql_server.relays import LOOPBACK, Relay
from functions.tests.sql_server.strangers import closed_port
from tests.conftest import wait_until
from tests.tds import (
    Column,
    Reroute,
    Rows,
    Server,
    Silence,
    Stage,
    Stall,
    kinds,
    sql_server,
)

NUMBERS = [Column("n", kinds.INT)]


def relay_to(server: Server, bind_address: str | None = None) -> Relay:
    return Relay.connect(server.host, server.port, bind_address=bind_address, seconds=5)


def connect(relay: Relay) -> pyodbc.Connection:
    target = f"Driver={{{load_driver().name}}};Server={LOOPBACK},{relay.port};"
    target += "Encrypt=yes;TrustServerCertificate=yes;"
    return pyodbc.connect(f"{target}UID=app;PWD=s3crét", autocommit=True, timeout=5)


def connect_in_vain(relay: Relay, errors: list[Exception]) -> None:
    try:
        connect(relay).cursor().execute("WAITFOR DELAY '01:00'")
    except pyodbc.Error as error:
        errors.append(error)


class TestRelay:
    def test_carries_questions_and_answers(self) -> None:
        rows = [(number,) for number in range(50_000)]
        with (
            sql_server([Rows(NUMBERS, rows)]) as server,
            relay_to(server) as relay,
            connect(relay) as connection,
        ):
            found = connection.cursor().execute("SELECT n").fetchall()

            assert relay.is_in_use
        assert [tuple(row) for row in found] == rows

    def test_goes_from_the_address_that_the_operator_says(self) -> None:
        with sql_server() as server, relay_to(server, "127.0.0.7") as relay:
            connect(relay).close()

        assert [session.address for session in server.sessions] == ["127.0.0.7"]

    def test_ends_with_its_driver(self) -> None:
        with sql_server() as server, relay_to(server) as relay:
            connect(relay).close()
            server.wait_until(lambda: not server.open_sessions)

            assert not relay.is_in_use

    def test_knows_when_the_driver_was_sent_elsewhere(self) -> None:
        with (
            sql_server() as elsewhere,
            sql_server(greeting=Reroute(elsewhere.host, elsewhere.port)) as server,
            relay_to(server) as relay,
            connect(relay),
        ):
            assert elsewhere.open_sessions
            assert not relay.is_in_use

    def test_frees_a_driver_that_waits_in_the_handshake(self) -> None:
        errors: list[Exception] = []
        with sql_server(greeting=Stall(Stage.TLS)) as server, relay_to(server) as relay:
            waiting = threading.Thread(target=connect_in_vain, args=[relay, errors])
            waiting.start()
            wait_until(lambda: relay.is_in_use)
            relay.close()
            waiting.join()

        assert len(errors) == 1

    def test_frees_a_driver_that_waits_for_an_answer(self) -> None:
        errors: list[Exception] = []
        with sql_server([Silence()]) as server, relay_to(server) as relay:
            waiting = threading.Thread(target=connect_in_vain, args=[relay, errors])
            waiting.start()
            server.wait_until(lambda: len(server.requests) == 1)
            relay.close()
            waiting.join()

        assert len(errors) == 1

    def test_ends_before_anybody_came(self) -> None:
        with sql_server() as server:
            relay_to(server).close()
            server.wait_until(lambda: len(server.sessions) == 1 and not server.open_sessions)

    def test_tells_a_closed_port(self) -> None:
        with pytest.raises(ConnectionRefusedError):
            Relay.connect(LOOPBACK, closed_port(), bind_address=None, seconds=5)
