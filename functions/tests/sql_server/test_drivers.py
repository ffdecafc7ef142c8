"""Signing in: who, where, and whether the certificate is the one."""

import traceback

import pytest

from functions import engine
from functions.engine.failures import EngineFailure, SqlError, UpstreamUnreachable
from functions.sql_server.drivers import Driver, DriverMissing, load_driver
from functions.sql_server.targets import AccessToken, Target
from functions.tests.sql_server.asking import PASSWORD, signed_in
from functions.tests.sql_server.conftest import NAME
from tests.tds import (
    Authority,
    Certificate,
    Greeting,
    HangUp,
    Refuse,
    Stage,
    not_allow_listed,
    sql_server,
    unknown_database,
)


class TestSignIn:
    def test_says_who_and_what_for(self, driver: Driver, certificate: Certificate) -> None:
        logins = {"app": PASSWORD}
        with sql_server(certificate=certificate, logins=logins) as server:
            signed_in(driver, server, is_read_only=True)

        login = server.sessions[0].login
        assert login is not None
        assert (login.user, login.database, login.is_read_only) == ("app", "shop", True)

    def test_takes_a_token(self, driver: Driver, certificate: Certificate) -> None:
        token = AccessToken(engine.Secret("ey.token"))
        with sql_server(certificate=certificate, logins={}, tokens=["ey.token"]) as server:
            signed_in(driver, server, sign_in=token)

        login = server.sessions[0].login
        assert login is not None
        assert (login.token, login.user) == ("ey.token", "")

    @pytest.mark.parametrize(
        ("greeting", "code"),
        [
            (None, "sign_in_refused"),
            (Refuse(unknown_database("shop")), "database_unknown"),
            (Refuse(not_allow_listed("192.0.2.7")), "not_allow_listed"),
        ],
    )
    def test_a_refusal_has_a_code(
        self, driver: Driver, certificate: Certificate, greeting: Greeting | None, code: str
    ) -> None:
        logins = {"app": "another"}
        with (
            sql_server(certificate=certificate, logins=logins, greeting=greeting) as server,
            pytest.raises(SqlError) as refused,
        ):
            signed_in(driver, server)

        assert refused.value.details["code"] == code

    @pytest.mark.parametrize("stage", list(Stage))
    def test_a_server_that_hangs_up(
        self, driver: Driver, certificate: Certificate, stage: Stage
    ) -> None:
        with (
            sql_server(certificate=certificate, greeting=HangUp(stage)) as server,
            pytest.raises(UpstreamUnreachable),
        ):
            signed_in(driver, server)

    def test_a_failure_holds_nothing_of_the_sign_in(
        self, driver: Driver, certificate: Certificate
    ) -> None:
        with (
            sql_server(certificate=certificate, logins={}) as server,
            pytest.raises(EngineFailure) as refused,
        ):
            signed_in(driver, server)

        shown = "".join(traceback.format_exception(refused.value))
        assert PASSWORD not in shown + str(refused.value.details)
        assert "UID" not in shown
        assert refused.value.__context__ is None
        frames = [frame for frame, _ in traceback.walk_tb(refused.value.__traceback__)]
        seen = [
            repr(frame.f_locals) for frame in frames if "/tests/" not in frame.f_code.co_filename
        ]
        assert len(seen) > 1
        assert not any(written in held for held in seen for written in (PASSWORD, "PWD="))


class TestCertificates:
    def test_the_right_one(self, driver: Driver, certificate: Certificate) -> None:
        with sql_server(certificate=certificate) as server:
            assert signed_in(driver, server).is_alive() is False  # no answer was scripted

    @pytest.mark.parametrize(
        ("names", "has_expired"), [(["other.example.test"], False), ([NAME], True)]
    )
    def test_another_name_or_an_old_one(
        self, driver: Driver, authority: Authority, names: list[str], *, has_expired: bool
    ) -> None:
        certificate = authority.issue(*names, has_expired=has_expired)
        with sql_server(certificate=certificate) as server:
            with pytest.raises(UpstreamUnreachable) as refused:
                signed_in(driver, server)
            signed_in(driver, server, trusts_any_certificate=True)

        assert refused.value.details == {"code": "tls_refused"}
        assert [session.login is None for session in server.sessions] == [True, False]

    def test_one_of_an_unknown_authority(self, driver: Driver) -> None:
        with (
            sql_server(certificate=Authority().issue(NAME)) as server,
            pytest.raises(UpstreamUnreachable) as refused,
        ):
            signed_in(driver, server)

        assert refused.value.details == {"code": "tls_refused"}
        assert server.sessions[0].login is None


class TestTargets:
    @pytest.mark.parametrize(
        ("host", "is_named"),
        [
            ("db.example.com", False),
            ("shop.database.windows.net", True),
            ("shop.Database.Windows.net.", True),
            ("database.windows.net.example.com", False),
        ],
    )
    def test_only_azure_is_reached_by_name(self, host: str, *, is_named: bool) -> None:
        assert Target(host, 1433, "shop").is_named == is_named


class TestLoading:
    def test_a_name_that_odbc_does_not_have(self) -> None:
        with pytest.raises(DriverMissing):
            load_driver("no_such_driver")
