"""How SQL Servers are reached: kept whole, with a secret that goes in and never comes out."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from auth_providers.models import DataKey
from auth_providers.vault import SealBroken
from functions.models import Connection, CredentialStamp
from functions.services.connection_uses import uses_of_connections
from functions.services.connections import (
    NoSuchConnection,
    NotAConnection,
    find_connection,
    remove_connection,
    secret_of,
)
from functions.tests.factories import (
    PASSWORD,
    WITH_CONNECTION,
    creator,
    owner_of,
    publish,
    save_server,
    technician,
)
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Solution, SolutionMember, User
from orgs.services.solutions import SolutionGone
from orgs.tests.factories import MembershipFactory, SolutionFactory

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role
CLIENT = "6b8f3d0e-1c2a-4f5b-9e7d-0a1b2c3d4e5f"
ENTRA = {"sign_in": "service_principal", "user_name": CLIENT, "directory_id": "acme.example"}


def stamp_of(solution: Solution) -> int:
    return CredentialStamp.objects.get(solution=solution).number


def assert_refused(solution: Solution, user: User, *pointers: str, **fields: Any) -> None:
    """Assert that these fields alone are at fault, that nothing was kept and no secret was said."""
    with pytest.raises(NotAConnection) as refusal:
        save_server(solution, by=user, **fields)

    assert [fault.pointer for fault in refusal.value.faults] == list(pointers)
    assert PASSWORD not in repr(refusal.value.faults)
    assert not Connection.objects.exists()
    assert not CredentialStamp.objects.exists()


class TestSaveConnection:
    def test_keeps_nothing_in_clear(self, solution: Solution, owner: User) -> None:
        connection = save_server(solution, by=owner)

        rows = [
            *Connection.objects.values_list(),
            *AuditEvent.objects.values_list(),
            *DataKey.objects.values_list(),
        ]
        kept = b" ".join(
            bytes(column) if isinstance(column, bytes | memoryview) else str(column).encode()
            for row in rows
            for column in row
        )
        assert PASSWORD.encode() not in kept
        assert PASSWORD not in f"{connection} {connection!r}"
        assert secret_of(Connection.objects.get()) == PASSWORD

    def test_is_for_one_row_alone(self, solution: Solution, owner: User) -> None:
        mine, other = save_server(solution, by=owner), save_server(solution, by=owner, name="crm")

        Connection.objects.filter(pk=other.pk).update(sealed=mine.sealed)

        with pytest.raises(SealBroken):
            secret_of(Connection.objects.get(pk=other.pk))

    def test_takes_the_place_of_an_earlier_one(self, solution: Solution, owner: User) -> None:
        first = save_server(solution, by=owner)
        first.note_test(failed_stage="tls")
        editor = creator(solution, Role.EDITOR)

        save_server(solution, by=editor, secret="new", server="db.example.com", port=1444)

        connection = Connection.objects.get()
        assert (connection.pk, connection.saved_by) == (first.pk, editor)
        assert (connection.server, connection.port) == ("db.example.com", 1444)
        assert (connection.tested_at, connection.failed_stage) == (None, "")
        assert secret_of(connection) == "new"

    def test_asks_for_the_secret_with_each_change(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        with pytest.raises(NotAConnection) as refusal:
            save_server(solution, by=owner, secret="", server="evil.example.com")

        (fault,) = refusal.value.faults
        assert (fault.pointer, fault.code) == ("/secret/password", "required")
        assert Connection.objects.get().server == "sql.example.com"

    def test_makes_what_workers_cached_stale(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        first = stamp_of(solution)

        save_server(solution, by=owner)
        second = stamp_of(solution)
        remove_connection(solution, name="erp", by=owner)

        assert first < second < stamp_of(solution)

    def test_is_recorded_without_the_secret(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)
        save_server(solution, by=owner, query_seconds=60)

        first, second = AuditEvent.objects.filter(act="connection.save").order_by("created_at")
        assert first.changes["server"] == [None, "sql.example.com"]
        assert second.changes["query_seconds"] == [30, 60]
        assert not {"secret", "sealed"} & second.changes.keys()
        assert second.subject_label == "erp"

    def test_records_apart_that_any_certificate_is_trusted(
        self, solution: Solution, owner: User
    ) -> None:
        save_server(solution, by=owner)
        save_server(solution, by=owner, trusts_any_certificate=True)
        save_server(solution, by=owner, trusts_any_certificate=True)

        event = AuditEvent.objects.get(act="connection.trust_any_certificate")
        assert (event.actor, event.subject_label) == (owner, "erp")

    def test_does_not_know_a_solution_that_is_gone(self, solution: Solution, owner: User) -> None:
        Solution.objects.filter(pk=solution.pk).delete()

        with pytest.raises(SolutionGone):
            save_server(solution, by=owner)

    @pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.EDITOR])
    def test_is_for_who_builds_the_solution(self, solution: Solution, role: Role) -> None:
        save_server(solution, by=creator(solution, role))

        assert Connection.objects.exists()

    @pytest.mark.parametrize("role", [Role.USER, Role.DENY])
    def test_refuses_who_does_not(self, solution: Solution, role: Role) -> None:
        with pytest.raises(NotAllowed):
            save_server(solution, by=creator(solution, role))

        assert not Connection.objects.exists()

    def test_refuses_an_owner_of_another_organization(self, solution: Solution) -> None:
        with pytest.raises(NotAllowed):
            save_server(solution, by=MembershipFactory.create(owner=True).user)


class TestFields:
    @pytest.mark.parametrize(
        "server",
        ["sql.example.com", "SQL01", " db_2.corp.example ", "acme.database.windows.net",
         "203.0.113.7", "2001:db8::7"],
    )  # fmt: skip
    def test_name_a_host(self, solution: Solution, owner: User, server: str) -> None:
        connection = save_server(solution, by=owner, server=server)

        assert connection.server == server.strip().lower()

    @pytest.mark.parametrize(
        "server",
        ["tcp:sql.example.com", "sql.example.com,1433", "sql.example.com:1433", "sql\\express",
         "(local)\\x", "lpc:x", "https://sql.example.com"],
    )  # fmt: skip
    def test_say_that_host_and_port_are_apart(
        self, solution: Solution, owner: User, server: str
    ) -> None:
        with pytest.raises(NotAConnection) as refusal:
            save_server(solution, by=owner, server=server)

        (fault,) = refusal.value.faults
        assert "the port has its own field" in fault.detail

    @pytest.mark.parametrize(
        "server", ["", ".", "a..b", "-a.example", "a b", "a;b", "bücher.example", "a" * 64,
                   "fe80::1%eth0", "a\nb"],
    )  # fmt: skip
    def test_name_nothing_else(self, solution: Solution, owner: User, server: str) -> None:
        assert_refused(solution, owner, "/server", server=server)

    def test_are_told_of_all_at_once(self, solution: Solution, owner: User) -> None:
        assert_refused(
            solution,
            owner,
            *("/name", "/server", "/database", "/user_name", "/certificate_host_name"),
            *("/options/application_intent", "/port", "/options/query_seconds"),
            "/secret/password",
            name="a b",
            server="a b",
            database="",
            user_name="x\ny",
            certificate_host_name="*.example.com",
            application_intent="none",
            port=0,
            query_seconds=301,
            secret="two\nlines",
        )

    def test_take_a_way_to_sign_in(self, solution: Solution, owner: User) -> None:
        assert_refused(solution, owner, "/sign_in", sign_in="windows")

    def test_take_an_application_of_a_directory(self, solution: Solution, owner: User) -> None:
        connection = save_server(solution, by=owner, **ENTRA)

        assert (connection.sign_in, connection.directory_id) == (
            "service_principal", "acme.example",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"user_name": "reader"}, "/user_name"),
            ({"directory_id": ""}, "/directory_id"),
            ({"directory_id": "acme"}, "/directory_id"),
            ({"directory_id": "acme.example/../x"}, "/directory_id"),
            ({"secret": ""}, "/secret/client_secret"),
        ],
    )
    def test_take_all_of_an_application(
        self, solution: Solution, owner: User, changes: dict[str, str], pointer: str
    ) -> None:
        assert_refused(solution, owner, pointer, **ENTRA | changes)

    def test_forget_the_directory_of_a_login(self, solution: Solution, owner: User) -> None:
        connection = save_server(solution, by=owner, directory_id="acme.example")

        assert connection.directory_id == ""


class TestConnection:
    @pytest.mark.parametrize(
        "columns",
        [{"port": 0}, {"query_seconds": 301}, {"data_key": None}, {"directory_id": "x.example"}],
    )
    def test_is_whole_whoever_writes_it(
        self, solution: Solution, owner: User, columns: dict[str, Any]
    ) -> None:
        save_server(solution, by=owner)

        with pytest.raises(IntegrityError), transaction.atomic():
            Connection.objects.update(**columns)

    def test_has_passed_what_it_was_saved_for(self, solution: Solution, owner: User) -> None:
        earlier = save_server(solution, by=owner)
        later = save_server(solution, by=owner, port=1444)

        earlier.note_test(failed_stage="")

        later.refresh_from_db()
        assert not later.has_passed
        later.note_test(failed_stage="")
        later.refresh_from_db()
        assert later.has_passed


class TestRemoveConnection:
    def test_is_recorded(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        remove_connection(solution, name="erp", by=owner)

        assert not Connection.objects.exists()
        assert AuditEvent.objects.get(act="connection.remove").subject_label == "erp"

    def test_refuses_a_name_that_there_is_not(self, solution: Solution, owner: User) -> None:
        other = SolutionFactory.create(organization=solution.organization)
        save_server(other, by=owner_of(other))

        with pytest.raises(NoSuchConnection):
            remove_connection(solution, name="erp", by=owner)
        with pytest.raises(NoSuchConnection):
            find_connection(solution, name="erp")

    def test_refuses_who_does_not_build_the_solution(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        with pytest.raises(NotAllowed):
            remove_connection(solution, name="erp", by=technician(solution))

        assert Connection.objects.exists()


class TestUsesOfConnections:
    def test_are_the_live_sql_functions(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, old=WITH_CONNECTION)
        publish(
            solution,
            by=owner,
            orders=WITH_CONNECTION,
            stock=WITH_CONNECTION.replace("erp", " wms"),
            customers="provider: DATA_PROVIDER_REST\nurl: https://a.example\nconnection: erp\n",
        )
        solution.refresh_from_db()

        assert uses_of_connections(solution) == {"erp": ["orders"], "wms": ["stock"]}
