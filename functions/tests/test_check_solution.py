"""Checking a folder where there is no installation: no test here may use a database."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from functions.services.archives import pack_files, read_archive
from functions.services.publishing import Usable, check_solution
from functions.tests.factories import LIST_CUSTOMERS, WITH_CONNECTION, WITH_CREDENTIAL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    functions = tmp_path / "field" / "functions"
    functions.mkdir(parents=True)
    (functions / "list-customers.jigx").write_text(LIST_CUSTOMERS)
    return functions.parent


def write(folder: Path, name: str, text: str) -> None:
    (folder / "functions" / f"{name}.jigx").write_text(text)


def check(folder: Path, *more: str) -> list[str]:
    output = StringIO()
    call_command("check_solution", str(folder), *more, stdout=output)
    return output.getvalue().splitlines()


def refusal_of(folder: Path, *more: str) -> tuple[list[str], CommandError]:
    output = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("check_solution", str(folder), *more, stdout=output)
    return output.getvalue().splitlines(), refusal.value


class TestCheckSolution:
    def test_says_nothing_of_a_folder_in_order(self, folder: Path) -> None:
        assert check(folder) == []

    def test_says_each_fault_with_file_line_and_key(self, folder: Path) -> None:
        write(folder, "bad", "url: https://a.example\nprovider: x\n")
        write(folder, "worse", "[\n")

        lines, refusal = refusal_of(folder)

        assert lines[0].startswith("functions/bad.jigx:2: The provider must be ")
        assert lines[0].endswith(" (provider)")
        assert lines[1].startswith("functions/worse.jigx:")
        assert (str(refusal), refusal.returncode) == ("2 faults.", 1)

    def test_leaves_the_terminal_alone(self, folder: Path) -> None:
        write(folder, "odd", LIST_CUSTOMERS + '"\\e[2Jsurprise": 1\n')

        (line,) = check(folder)

        assert "\x1b" not in line
        assert line.endswith("(\ufffd[2Jsurprise)")

    def test_lets_warnings_pass(self, folder: Path) -> None:
        write(folder, "odd", LIST_CUSTOMERS + "surprise: 1\n")

        assert check(folder) == [
            "functions/odd.jigx:7: warning: This key is not known and does nothing. (surprise)"
        ]

    def test_misses_no_credential_unless_told_which_there_are(self, folder: Path) -> None:
        write(folder, "crm", WITH_CREDENTIAL)

        assert check(folder) == []
        assert check(folder, "--credentials", "other, crm") == []
        (line,) = check(folder, "--credentials", "other")
        assert line.startswith("functions/crm.jigx:7: warning: ")
        assert line.endswith(" (parameters/accessToken/value)")

    def test_misses_no_connection_unless_told_which_there_are(self, folder: Path) -> None:
        write(folder, "orders", WITH_CONNECTION)

        known, told = check(folder), check(folder, "--connections", "other")

        (line,) = set(told) - set(known)
        assert line.startswith("functions/orders.jigx:3: warning: ")
        assert check(folder, "--connections", "other, erp") == known

    def test_prints_one_json_object(self, folder: Path) -> None:
        write(folder, "odd", LIST_CUSTOMERS + "surprise: 1\n")
        write(folder, "bad", "provider: x\n")

        lines, _ = refusal_of(folder, "--json")

        document: dict[str, Any] = json.loads("".join(lines))
        assert document["functions"] == ["list-customers", "odd"]
        assert [(f["file"], f["line"], f["code"]) for f in document["faults"]] == [
            ("functions/bad.jigx", 1, "provider_unknown")
        ]
        assert [(w["pointer"], w["code"]) for w in document["warnings"]] == [
            ("/surprise", "unknown_key")
        ]

    def test_refuses_what_no_archive_may_hold(self, folder: Path, settings: Settings) -> None:
        settings.SOLUTION_MAX_FILES = 0

        lines, refusal = refusal_of(folder)

        assert (lines, refusal.returncode) == ([], 1)
        assert "files" in str(refusal)

    def test_refuses_a_folder_that_is_none(self, tmp_path: Path) -> None:
        _, refusal = refusal_of(tmp_path / "nothing")

        assert refusal.returncode == 2


class TestCheck:
    """The service itself, as publishing uses it."""

    def test_asks_no_database(self) -> None:
        files = read_archive(pack_files({"functions/crm.jigx": WITH_CREDENTIAL.encode()}))

        checked = check_solution(files, usable=Usable(set()))

        assert [warning.code for warning in checked.warnings] == ["credential_missing"]
        assert list(checked.functions) == ["crm"]
