"""A solution's folder at the API's door: in, out, and back to an earlier version."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from functions.models import PublishedVersion
from functions.services.archives import pack_files
from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import (
    LIST_CUSTOMERS,
    WITH_CREDENTIAL,
    archive_of,
    creator,
    publish,
)
from orgs.models import Solution, SolutionMember, User

pytestmark = pytest.mark.django_db


def put(caller: Client, solution: Solution, archive: bytes, **more: Any) -> Any:
    path = reverse("api-solution-content", args=[solution.pk])
    return caller.put(path, archive, content_type=more.get("content_type", "application/zip"))


class TestPutContent:
    def test_publishes(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner), solution, archive_of(crm=WITH_CREDENTIAL))

        assert answer.status_code == 201
        published = answer.json()
        assert set(published) == {"version", "functions", "warnings"}
        assert (published["version"], published["functions"]) == (1, ["crm"])
        (warning,) = published["warnings"]
        assert set(warning) == {"file", "line", "pointer", "code", "detail"}
        assert (warning["file"], warning["line"]) == ("functions/crm.jigx", 7)

    def test_names_file_and_line_of_each_fault(self, solution: Solution, owner: User) -> None:
        archive = archive_of(good=LIST_CUSTOMERS, bad="url: https://a.example\nprovider: x\n")

        answer = put(script_of(owner), solution, archive)

        (fault,) = assert_problem(answer, 422, "solution_invalid")
        assert (fault["file"], fault["line"]) == ("functions/bad.jigx", 2)
        assert (fault["pointer"], fault["code"]) == ("/provider", "provider_unknown")
        assert not PublishedVersion.objects.exists()

    def test_refuses_what_is_no_zip_or_a_dangerous_one(
        self, solution: Solution, owner: User
    ) -> None:
        script = script_of(owner)

        broken = put(script, solution, b"no zip")
        climbing = put(script, solution, pack_files({"../a": b""}))

        assert_problem(broken, 422, "archive_invalid")
        (fault,) = assert_problem(climbing, 422, "archive_invalid")
        assert (fault["file"], fault["code"]) == ("../a", "archive_name")

    def test_refuses_what_is_too_large(
        self, solution: Solution, owner: User, settings: Settings
    ) -> None:
        settings.SOLUTION_MAX_BYTES = 100

        assert_problem(
            put(script_of(owner), solution, archive_of(a="#" * 101)), 413, "archive_too_large"
        )

    def test_refuses_another_type(self, solution: Solution, owner: User) -> None:
        answer = put(script_of(owner), solution, b"{}", content_type="application/json")

        assert_problem(answer, 415, "unsupported_media_type")

    def test_is_for_owners_and_editors(self, solution: Solution) -> None:
        admin = creator(solution, SolutionMember.Role.ADMIN)

        assert_problem(put(script_of(admin), solution, archive_of()), 403, "not_allowed")

    def test_is_not_a_phone_s_to_do(self, solution: Solution, owner: User) -> None:
        answer = put(phone_of(owner), solution, archive_of())

        assert_problem(answer, 403, "insufficient_scope")

    def test_hides_from_a_stranger(self, solution: Solution) -> None:
        assert_problem(put(stranger(), solution, archive_of()), 404, "solution_unknown")


class TestGetContent:
    def test_gives_the_folder_back_as_it_came(self, solution: Solution, owner: User) -> None:
        archive, script = archive_of(list_customers=LIST_CUSTOMERS), script_of(owner)
        put(script, solution, archive)

        answer = script.get(reverse("api-solution-content", args=[solution.pk]))

        assert answer.content == archive
        assert answer["Content-Type"] == "application/zip"
        assert answer["Content-Disposition"] == 'attachment; filename="field-1.zip"'

    def test_says_that_nothing_is_published(self, solution: Solution, owner: User) -> None:
        answer = script_of(owner).get(reverse("api-solution-content", args=[solution.pk]))

        assert_problem(answer, 404, "version_unknown")

    def test_hides_from_a_stranger(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        answer = stranger().get(reverse("api-solution-content", args=[solution.pk]))

        assert_problem(answer, 404, "solution_unknown")


class TestVersions:
    def test_are_listed_newest_first(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        publish(solution, by=owner)

        answer = script_of(owner).get(reverse("api-versions", args=[solution.pk]))

        rows = answer.json()["results"]
        assert [(row["version"], row["published_by"]) for row in rows] == [
            (2, owner.email),
            (1, owner.email),
        ]

    def test_hide_from_a_stranger(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        answer = stranger().get(reverse("api-versions", args=[solution.pk]))

        assert_problem(answer, 404, "solution_unknown")


class TestRestoreVersion:
    def test_makes_it_the_next(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner, old=LIST_CUSTOMERS)
        publish(solution, by=owner, new=LIST_CUSTOMERS)

        answer = self.restore(script_of(owner), solution, 1)

        assert (answer.status_code, answer.json()["version"]) == (201, 3)
        assert answer.json()["functions"] == ["old"]

    def test_happens_once_for_a_key(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        self.restore(script_of(owner), solution, 1, key="k")

        again = self.restore(script_of(owner), solution, 1, key="k")

        assert_problem(again, 409, "already_done")
        assert again.json()["subject_id"] == "2"
        assert solution.versions.count() == 2

    def test_refuses_a_version_that_there_is_not(self, solution: Solution, owner: User) -> None:
        for number in (1, 10**30):
            answer = self.restore(script_of(owner), solution, number)
            assert_problem(answer, 404, "version_unknown")

    def test_is_not_a_phone_s_to_do(self, solution: Solution, owner: User) -> None:
        assert_problem(self.restore(phone_of(owner), solution, 1), 403, "insufficient_scope")

    def test_hides_from_a_stranger(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        assert_problem(self.restore(stranger(), solution, 1), 404, "solution_unknown")

    @staticmethod
    def restore(caller: Client, solution: Solution, number: int, *, key: str = "") -> Any:
        path = reverse("api-version-restore", kwargs={"pk": solution.pk, "number": number})
        headers = {"Idempotency-Key": key} if key else {}
        return caller.post(path, content_type="application/json", headers=headers)
