"""The stages before the driver, at a scripted SQL Server and at strangers."""

import asyncio
from ipaddress import ip_network
from typing import Any

import pytest

from functions.sql_server.looking import Place, Seen, look
from functions.sql_server.stages import Advice, Stage, StageName, Status
from functions.tests.sql_server import strangers
from functions.tests.sql_server.strangers import Stranger
from jigxmgmt.outbound import Policy
from jigxmgmt.tests.test_outbound_addresses import LoopWithNames
from tests.tds import Authority, Greeting, HangUp, Server, sql_server
from tests.tds import Stage as TdsStage

NAME = "db.example.test"
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def bundle(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(authority.save(tmp_path_factory.mktemp("tls")))


def look_at(
    port: int,
    *addresses: str,
    policy: Policy | None = None,
    seconds: float = 10,
    bundle: str | None = None,
    **place: Any,
) -> Seen:
    """Look at a server whose name has these addresses."""
    given: dict[str, Any] = {"host": NAME, "port": port, "name": NAME} | place
    reached = policy or Policy(LOOPBACK)
    with asyncio.Runner(loop_factory=lambda: LoopWithNames(addresses)) as runner:
        return runner.run(look(Place(**given), policy=reached, seconds=seconds, bundle=bundle))


def look_at_server(server: Server, **options: Any) -> Stage:
    """Return the last stage, all before which went well."""
    *before, last = look_at(server.port, "127.0.0.1", **options).stages
    assert [stage.status for stage in before] == [Status.OK, Status.OK]
    return last


def look_at_stranger(stranger: Stranger, *, seconds: float) -> Stage:
    async def story() -> Seen:
        async with strangers.listening(stranger) as port:
            place = Place("127.0.0.1", port, NAME)
            return await look(place, policy=Policy(LOOPBACK), seconds=seconds)

    return asyncio.run(story()).stages[-1]


class TestName:
    def test_is_unknown(self) -> None:
        seen = look_at(1433)

        assert [(stage.name, stage.status) for stage in seen.stages] == [
            (StageName.DNS, Status.FAILED),
            (StageName.TCP, Status.SKIPPED),
            (StageName.TLS, Status.SKIPPED),
        ]
        assert (seen.stages[0].advice, seen.address) == (Advice.DNS_UNKNOWN, None)

    def test_leads_to_an_address_that_is_refused(self) -> None:
        seen = look_at(1433, "127.0.0.1", policy=Policy())

        assert seen.stages[0].advice is Advice.ADDRESS_REFUSED
        assert seen.stages[1].status is Status.SKIPPED


class TestWay:
    def test_ends_at_a_closed_port(self) -> None:
        [_, stage, _] = look_at(strangers.closed_port(), "127.0.0.1").stages

        assert (stage.status, stage.advice) == (Status.FAILED, Advice.TCP_REFUSED)

    def test_ends_nowhere(self) -> None:
        with strangers.busy_port() as port:
            [_, stage, _] = look_at(port, "127.0.0.1", seconds=0.2).stages

        assert (stage.status, stage.advice) == (Status.FAILED, Advice.TCP_TIMEOUT)

    def test_leads_to_the_next_address(self, authority: Authority, bundle: str) -> None:
        with sql_server(certificate=authority.issue(NAME)) as server:
            seen = look_at(server.port, "::1", "127.0.0.1", bundle=bundle)

        assert (seen.stages[1].status, seen.address) == (Status.OK, "127.0.0.1")

    def test_begins_where_the_operator_says(self, authority: Authority, bundle: str) -> None:
        policy = Policy(LOOPBACK, bind_address="127.0.0.7")
        with sql_server(certificate=authority.issue(NAME)) as server:
            look_at(server.port, "127.0.0.1", policy=policy, bundle=bundle)

        assert [session.address for session in server.sessions] == ["127.0.0.7"]


class TestCertificate:
    def test_is_believed_and_shown(self, authority: Authority, bundle: str) -> None:
        certificate = authority.issue(NAME, "127.0.0.1")
        with sql_server(certificate=certificate) as server:
            stage = look_at_server(server, bundle=bundle)

        assert (stage.status, stage.advice) == (Status.OK, None)
        assert stage.certificate is not None
        assert stage.certificate.names == (NAME, "127.0.0.1")
        assert stage.certificate.not_before.endswith("Z")
        assert stage.certificate.sha256 == certificate.sha256
        assert "TLSv1.2" in stage.detail

    def test_of_an_unknown_authority_is_shown_and_refused(self, authority: Authority) -> None:
        certificate = authority.issue(NAME)
        with sql_server(certificate=certificate) as server:
            stage = look_at_server(server)

        assert (stage.status, stage.advice) == (Status.FAILED, Advice.TLS_UNKNOWN_CA)
        assert stage.certificate is not None
        assert stage.certificate.sha256 == certificate.sha256

    def test_for_another_name_is_shown_and_refused(self, authority: Authority, bundle: str) -> None:
        with sql_server(certificate=authority.issue("other.example.test")) as server:
            stage = look_at_server(server, bundle=bundle)

        assert (stage.status, stage.advice) == (Status.FAILED, Advice.TLS_WRONG_NAME)
        assert stage.certificate is not None
        assert stage.certificate.names == ("other.example.test",)

    def test_that_has_expired_is_refused(self, authority: Authority, bundle: str) -> None:
        with sql_server(certificate=authority.issue(NAME, has_expired=True)) as server:
            stage = look_at_server(server, bundle=bundle)

        assert (stage.status, stage.advice) == (Status.FAILED, Advice.TLS_EXPIRED)

    @pytest.mark.parametrize("name", ["127.0.0.1", "db..test"])
    def test_is_refused_without_a_name_to_verify(
        self, authority: Authority, bundle: str, name: str
    ) -> None:
        with sql_server(certificate=authority.issue("127.0.0.1")) as server:
            stage = look_at_server(server, bundle=bundle, name=name)

        assert (stage.status, stage.advice) == (Status.FAILED, Advice.TLS_WRONG_NAME)

    def test_is_taken_and_doubted_where_any_is_trusted(self, authority: Authority) -> None:
        with sql_server(certificate=authority.issue(NAME)) as server:
            seen = look_at(server.port, "127.0.0.1", trusts_any_certificate=True)

        stage = seen.stages[-1]
        assert (stage.status, stage.advice, seen.address) == (Status.OK, None, "127.0.0.1")
        assert "Nobody whom we trust" in stage.detail
        assert stage.certificate is not None

    @pytest.mark.parametrize(
        ("greeting", "advice"),
        [
            (HangUp(TdsStage.CONNECTED), Advice.NOT_SQL_SERVER),
            (HangUp(TdsStage.TLS), Advice.TLS_REFUSED),
        ],
        ids=["greeting", "handshake"],
    )
    def test_is_not_shown(self, authority: Authority, greeting: Greeting, advice: Advice) -> None:
        with sql_server(certificate=authority.issue(NAME), greeting=greeting) as server:
            stage = look_at_server(server)

        assert (stage.status, stage.advice) == (Status.FAILED, advice)


class TestStrangers:
    @pytest.mark.parametrize(
        ("stranger", "advice"),
        [
            (strangers.rude, Advice.NOT_SQL_SERVER),
            (strangers.web_server, Advice.NOT_SQL_SERVER),
            (strangers.flood, Advice.NOT_SQL_SERVER),
            (strangers.empty_greeting, Advice.NOT_SQL_SERVER),
            (strangers.plain_server, Advice.TLS_REFUSED),
            (strangers.nonsense_in_tls, Advice.TLS_REFUSED),
            (strangers.babbling_in_tls, Advice.TLS_REFUSED),
        ],
    )
    def test_are_no_sql_server(self, stranger: Stranger, advice: Advice) -> None:
        stage = look_at_stranger(stranger, seconds=10)

        assert (stage.status, stage.advice) == (Status.FAILED, advice)
        assert "in time" not in stage.detail

    @pytest.mark.parametrize(
        ("stranger", "advice"),
        [
            (strangers.silent, Advice.NOT_SQL_SERVER),
            (strangers.silent_in_tls, Advice.TLS_REFUSED),
        ],
    )
    def test_do_not_keep_us_waiting(self, stranger: Stranger, advice: Advice) -> None:
        stage = look_at_stranger(stranger, seconds=0.2)

        assert (stage.status, stage.advice) == (Status.FAILED, advice)
        assert "in time" in stage.detail
