"""What publishing warns of, without stopping anybody."""

import time

import pytest

from functions.services.archives import pack_files
from functions.services.definitions import definition_of
from functions.services.publishing import Usable, check_solution, publish_solution
from functions.tests.factories import (
    LIST_CUSTOMERS,
    WITH_CONNECTION,
    WITH_CREDENTIAL,
    publish,
    save_secret,
    save_server,
)
from orgs.models import Solution, User
from orgs.tests.factories import SolutionFactory

pytestmark = pytest.mark.django_db


class TestWarnings:
    def test_do_not_stop_a_publisher(self, solution: Solution, owner: User) -> None:
        version = publish(solution, by=owner, odd=LIST_CUSTOMERS + "surprise: 1\n", empty="")

        places = [(w["file"], w["line"], w["code"]) for w in version.warnings]
        assert places == [
            ("functions/empty.jigx", 1, "empty"),
            ("functions/odd.jigx", 7, "unknown_key"),
        ]
        assert [function.name for function in version.functions.all()] == ["odd"]

    def test_name_a_credential_that_is_missing(self, solution: Solution, owner: User) -> None:
        version = publish(solution, by=owner, crm=WITH_CREDENTIAL)

        (warning,) = version.warnings
        assert (warning["code"], warning["line"]) == ("credential_missing", 7)
        assert warning["file"] == "functions/crm.jigx"
        assert warning["pointer"] == "/parameters/accessToken/value"
        assert "crm" in warning["detail"]

    def test_end_when_the_credential_is_there(self, solution: Solution, owner: User) -> None:
        save_secret(solution, by=owner, key="crm")

        assert publish(solution, by=owner, crm=WITH_CREDENTIAL).warnings == []

    def test_look_at_the_solution_s_own_credentials(self, solution: Solution, owner: User) -> None:
        other = SolutionFactory.create(organization=solution.organization)
        save_secret(other, by=owner, key="crm")

        version = publish(solution, by=owner, crm=WITH_CREDENTIAL)

        assert [warning["code"] for warning in version.warnings] == ["credential_missing"]

    def test_name_a_connection_that_is_missing(self, solution: Solution, owner: User) -> None:
        save_server(SolutionFactory.create(organization=solution.organization), by=owner)

        version = publish(solution, by=owner, orders=WITH_CONNECTION)

        (warning,) = (w for w in version.warnings if w["code"] == "connection_missing")
        assert (warning["file"], warning["line"]) == ("functions/orders.jigx", 3)
        assert warning["pointer"] == "/connection"
        assert "erp" in warning["detail"]

    def test_end_when_the_connection_is_there(self, solution: Solution, owner: User) -> None:
        save_server(solution, by=owner)

        version = publish(solution, by=owner, orders=WITH_CONNECTION)

        assert "connection_missing" not in {warning["code"] for warning in version.warnings}

    def test_look_at_the_next_pages_as_well(self, solution: Solution, owner: User) -> None:
        paged = LIST_CUSTOMERS + (
            "continuation:\n"
            "  when: =@ctx.response.body.next\n"
            "  parameters:\n"
            "    accessToken: {location: header, value: pages}\n"
        )

        version = publish(solution, by=owner, paged=paged)

        missing = [w for w in version.warnings if w["code"] == "credential_missing"]
        assert [(w["pointer"], w["line"]) for w in missing] == [
            ("/continuation/parameters/accessToken/value", 10)
        ]

    def test_say_nothing_of_a_text_that_only_might_name_one(
        self, solution: Solution, owner: User
    ) -> None:
        plain = LIST_CUSTOMERS + "  sort: {location: query, type: string, value: name}\n"

        assert publish(solution, by=owner, plain=plain).warnings == []

    @pytest.mark.parametrize(
        "path", ["functions/list.yaml", "functions/deep/list.JIGX", "Functions/list.jigx"]
    )
    def test_name_files_that_are_not_read(self, path: str) -> None:
        checked = check_solution({path: b"{}"}, usable=Usable())

        assert [(w.file, w.code) for w in checked.warnings] == [(path, "function_unread")]

    def test_let_all_other_files_be(self) -> None:
        files = {"index.jigx": b"", "functions/notes.md": b"", "jigs/yaml.yaml": b""}

        assert check_solution(files, usable=Usable()).warnings == []


class TestScripts:
    def test_that_give_null_are_named_where_they_are_called(
        self, solution: Solution, owner: User
    ) -> None:
        called = LIST_CUSTOMERS + (
            "output:\n"
            "  fine: =$utils.coalesce(1)\n"
            "  typed: =$utils.coalesec(1)\n"
            "  absent: =$other.f()\n"
            "  broken: =$broken.f()\n"
        )
        files = {
            "functions/called.jigx": called.encode(),
            "scripts/expressions/utils.js": b"export const coalesce = (a) => a;",
            "scripts/expressions/broken.js": b"export function f( {",
        }

        version = publish_solution(solution, archive=pack_files(files), by=owner)

        assert [(w["line"], w["code"], w["detail"]) for w in version.warnings] == [
            (9, "script_unknown", "The script utils.js exports no function coalesec."),
            (10, "script_unknown", "There is no script scripts/expressions/other.js."),
            (11, "script_broken", "The script broken.js can't be loaded."),
        ]

    def test_run_with_the_version_that_they_were_published_in(
        self, solution: Solution, owner: User
    ) -> None:
        files = {
            "functions/called.jigx": (LIST_CUSTOMERS + "output: =$utils.f()\n").encode(),
            "scripts/expressions/utils.js": b"export const f = () => 1;",
        }
        publish_solution(solution, archive=pack_files(files), by=owner)
        files["scripts/expressions/utils.js"] = b"export const f = () => 2;"
        publish_solution(solution, archive=pack_files(files), by=owner)

        definitions = [definition_of(solution.pk, number, "called") for number in (1, 2)]

        sources = ["export const f = () => 1;", "export const f = () => 2;"]
        assert [definition.scripts["utils"] for definition in definitions] == sources

    def test_wait_for_hostile_scripts_together_no_longer_than_for_a_few(self) -> None:
        files = {f"scripts/expressions/s{n}.js": b"for (;;);" for n in range(10)}
        calls = ", ".join(f"$s{n}.f()" for n in range(10))
        files["functions/odd.jigx"] = f"{LIST_CUSTOMERS}outputTransform: '[{calls}]'\n".encode()
        began = time.monotonic()

        checked = check_solution(files, usable=Usable())

        assert [warning.code for warning in checked.warnings] == ["script_broken"] * 10
        assert time.monotonic() - began < 10

    def test_believe_no_script_that_answers_for_itself(self) -> None:
        names = (
            "Object.defineProperty(globalThis, 'listExports$', {get: () => () => '%s', set(){}})"
        )
        for answer in ("no JSON", "[[1]]", "{}", "7"):
            files = {
                "scripts/expressions/s.js": (names % answer).encode(),
                "functions/odd.jigx": f"{LIST_CUSTOMERS}outputTransform: $s.f()\n".encode(),
            }

            (warning,) = check_solution(files, usable=Usable()).warnings

            assert warning.code in ("script_broken", "script_unknown")
