"""Solutions at the API's door: the happy path, a refusal, a stranger."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import (
    LIST_CUSTOMERS,
    ON_DEVICE,
    creator,
    publish,
    save_secret,
    technician,
)
from orgs.models import AuditEvent, Organization, Solution, SolutionMember, User
from orgs.services.solutions import change_solution
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory, UserFactory

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


def url(name: str, solution: Solution, /, **more: object) -> str:
    return reverse(name, kwargs={"pk": solution.pk, **more})


def names_in(answer: Any) -> list[str]:
    assert set(answer.json()) == {"results", "next"}
    return [row["name"] for row in answer.json()["results"]]


class TestListSolutions:
    def test_gives_a_phone_what_it_may_run(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        mia = technician(solution)
        SolutionMemberFactory.create(membership__user=mia)  # which has nothing published yet

        answer = phone_of(mia).get(reverse("api-solutions"))

        (row,) = answer.json()["results"]
        assert (row["id"], row["name"], row["version"]) == (str(solution.pk), "field", 1)
        assert row["organization_id"] == str(solution.organization_id)
        assert row["roles"] == ["user"]

    def test_gives_a_script_what_its_person_sees_in_the_console(
        self, solution: Solution, owner: User
    ) -> None:
        answer = script_of(owner).get(reverse("api-solutions"))

        assert names_in(answer) == ["field"]

    def test_hides_them_from_who_is_denied(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        denied = SolutionMemberFactory.create(solution=solution, role=Role.DENY).membership.user

        assert names_in(phone_of(denied).get(reverse("api-solutions"))) == []

    def test_hides_them_from_a_stranger(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        assert names_in(stranger().get(reverse("api-solutions"))) == []
        assert_problem(Client().get(reverse("api-solutions")), 401, "unauthenticated")

    def test_hides_them_from_support(self, solution: Solution) -> None:
        organization = solution.organization
        organization.support_access = Organization.SupportAccess.WRITE
        organization.support_access_until = timezone.now() + timedelta(hours=1)
        organization.save()
        operator = script_of(UserFactory.create(is_staff=True))

        assert names_in(operator.get(reverse("api-solutions"))) == []
        assert operator.get(url("api-solution-content", solution)).status_code == 404

    def test_takes_a_token_of_the_scope(self, owner: User) -> None:
        answer = script_of(owner, "solutions:write").get(reverse("api-solutions"))

        assert_problem(answer, 403, "insufficient_scope")


class TestCreateSolution:
    def test_makes_one(self) -> None:
        owner = MembershipFactory.create(owner=True)

        answer = self.create(script_of(owner.user), owner.organization.pk)

        solution = Solution.objects.get()
        assert answer.status_code == 201
        assert answer.json()["id"] == str(solution.pk)
        assert answer.json()["roles"] == ["owner"]

    def test_makes_one_for_a_key(self) -> None:
        owner = MembershipFactory.create(owner=True)
        script, organization = script_of(owner.user), owner.organization.pk
        self.create(script, organization, key="k")

        again = self.create(script, organization, key="k")
        other = self.create(script, organization, key="k", title="Other")

        assert_problem(again, 409, "already_done")
        assert again.json()["subject_id"] == str(Solution.objects.get().pk)
        assert_problem(other, 422, "idempotency_key_reused")

    def test_frees_the_key_when_it_fails(self) -> None:
        owner = MembershipFactory.create(owner=True)
        script, organization = script_of(owner.user), owner.organization.pk

        refused = self.create(script, organization, key="k", name="No!")
        made = self.create(script, organization, key="k")

        assert assert_problem(refused, 422, "name_invalid")[0]["pointer"] == "/name"
        assert made.status_code == 201

    def test_refuses_a_name_that_is_taken(self, solution: Solution, owner: User) -> None:
        answer = self.create(script_of(owner), solution.organization_id)

        assert_problem(answer, 409, "name_taken")

    def test_refuses_a_body_without_fields(self, solution: Solution, owner: User) -> None:
        answer = script_of(owner).post(
            reverse("api-solution-create", args=[solution.organization_id]),
            {},
            content_type="application/json",
        )

        faults = assert_problem(answer, 422, "invalid")
        assert {(fault["pointer"], fault["code"]) for fault in faults} == {
            ("/name", "required"),
            ("/title", "required"),
        }

    def test_refuses_a_member_who_may_not(self) -> None:
        member = MembershipFactory.create()

        answer = self.create(script_of(member.user), member.organization.pk)

        assert_problem(answer, 403, "not_allowed")

    def test_hides_the_organization_from_a_stranger(self, solution: Solution) -> None:
        left = MembershipFactory.create(
            owner=True, organization=solution.organization, is_active=False
        )

        for caller in (stranger(), script_of(left.user)):
            answer = self.create(caller, solution.organization_id)
            assert_problem(answer, 404, "organization_unknown")

    def test_refuses_a_phone(self, solution: Solution, owner: User) -> None:
        answer = self.create(phone_of(owner), solution.organization_id)

        assert_problem(answer, 403, "insufficient_scope")

    @staticmethod
    def create(
        caller: Client,
        organization_id: uuid.UUID,
        *,
        key: str = "",
        name: str = "field",
        title: str = "Field",
    ) -> Any:
        return caller.post(
            reverse("api-solution-create", args=[organization_id]),
            {"name": name, "title": title},
            content_type="application/json",
            headers={"Idempotency-Key": key} if key else {},
        )


class TestOneSolution:
    def test_is_read(self, solution: Solution, owner: User, worker: User) -> None:
        for caller, role in ((script_of(owner), "owner"), (phone_of(worker), "user")):
            answer = caller.get(url("api-solution", solution))
            assert answer.json()["name"] == "field"
            assert answer.json()["roles"] == [role]

    def test_is_changed(self, solution: Solution, owner: User) -> None:
        answer = self.change(script_of(owner), solution, {"title": "New"})
        settings = self.change(script_of(owner), solution, {"custom_settings": {"a": [1]}})

        assert (answer.status_code, answer.json()["title"]) == (200, "New")
        assert settings.json()["custom_settings"] == {"a": [1]}
        assert AuditEvent.objects.filter(act="solution.change", actor=owner).count() == 2

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"title": ""}, "/title"),
            ({"title": "x" * 101}, "/title"),
            ({"custom_settings": [1]}, "/custom_settings"),
            ({"custom_settings": {"a": "x" * 20_000}}, "/custom_settings"),
        ],
    )
    def test_keeps_its_bounds(
        self, solution: Solution, owner: User, body: dict[str, Any], pointer: str
    ) -> None:
        answer = self.change(script_of(owner), solution, body)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer

    def test_is_ended_by_its_owners(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        save_secret(solution, by=owner)
        editor = creator(solution, Role.EDITOR)

        refused = script_of(editor).delete(url("api-solution", solution))
        ended = script_of(owner).delete(url("api-solution", solution))

        assert_problem(refused, 403, "not_allowed")
        assert (ended.status_code, ended.content) == (204, b"")
        assert not Solution.objects.exists()
        assert AuditEvent.objects.filter(act="solution.delete").exists()

    def test_is_not_a_phone_s_to_change(self, solution: Solution, owner: User) -> None:
        phone = phone_of(owner)

        assert_problem(self.change(phone, solution, {"title": "New"}), 403, "insufficient_scope")
        ended = phone.delete(url("api-solution", solution))
        assert_problem(ended, 403, "insufficient_scope")

    def test_hides_from_a_stranger(self, solution: Solution) -> None:
        caller, path = stranger(), url("api-solution", solution)

        for answer in (
            caller.get(path),
            self.change(caller, solution, {"title": "New"}),
            caller.delete(path),
        ):
            assert_problem(answer, 404, "solution_unknown")

    @staticmethod
    def change(caller: Client, solution: Solution, body: dict[str, Any]) -> Any:
        return caller.patch(url("api-solution", solution), body, content_type="application/json")


class TestDefinition:
    def test_gives_a_phone_all_that_it_runs_by(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        save_secret(solution, by=owner)
        publish(solution, by=owner, list_customers=LIST_CUSTOMERS, near=ON_DEVICE)

        answer = self.sync(phone_of(worker), solution)

        synced = answer.json()
        assert set(synced) == {"version", "files", "functions", "settings", "keychain"}
        assert synced["keychain"] == []
        assert synced["version"] == 1
        assert synced["files"]["functions/list-customers.jigx"] == LIST_CUSTOMERS
        assert {function["name"]: function["runs_on"] for function in synced["functions"]} == {
            "list-customers": "server",
            "near": "device",
        }
        assert synced["functions"][0]["definition"]["method"] == "GET"
        assert b"s3cret" not in answer.content

    def test_is_not_sent_again_while_it_holds(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner)
        phone = phone_of(worker)
        tag = self.sync(phone, solution)["ETag"]

        same = self.sync(phone, solution, tag=f'"other", {tag}')

        assert tag.startswith('"')  # strong
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", tag)
        assert "no-store" in same["Cache-Control"]

    def test_is_sent_again_with_each_change(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner)
        phone = phone_of(worker)
        tags = [self.sync(phone, solution)["ETag"]]

        publish(solution, by=owner)
        tags.append(self.sync(phone, solution, tag=tags[-1])["ETag"])
        change_solution(solution, custom_settings={"region": "EU"}, by=owner)
        last = self.sync(phone, solution, tag=tags[-1])

        assert last.json()["settings"] == {"custom": {"region": "EU"}}
        assert len({*tags, last["ETag"]}) == 3

    def test_says_that_nothing_is_published(self, solution: Solution, worker: User) -> None:
        assert_problem(self.sync(phone_of(worker), solution), 404, "version_unknown")

    def test_is_for_phones(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        assert_problem(self.sync(script_of(owner), solution), 403, "insufficient_scope")

    def test_hides_from_a_stranger(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        answer = self.sync(phone_of(UserFactory.create()), solution)

        assert_problem(answer, 404, "solution_unknown")

    @staticmethod
    def sync(phone: Client, solution: Solution, *, tag: str = "") -> Any:
        headers = {"If-None-Match": tag} if tag else {}
        return phone.get(url("api-solution-definition", solution), headers=headers)


class TestFunctions:
    def test_are_listed_with_what_they_take(
        self, solution: Solution, owner: User, worker: User
    ) -> None:
        publish(solution, by=owner)

        for caller in (phone_of(worker), script_of(owner)):
            (function,) = caller.get(url("api-functions", solution)).json()["results"]
            assert function == {
                "name": "list-customers",
                "provider": "DATA_PROVIDER_REST",
                "method": "GET",
                "runs_on": "server",
                "parameters": [
                    {"name": "region", "location": "query", "type": "string", "required": True},
                    {"name": "limit", "location": "query", "type": "int", "required": False},
                ],
            }

    def test_are_read_one_by_one(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        script = script_of(owner)

        found = script.get(url("api-function", solution, name="list-customers"))
        missing = script.get(url("api-function", solution, name="other"))

        assert found.json()["name"] == "list-customers"
        assert_problem(missing, 404, "function_unknown")

    def test_hide_from_a_stranger(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)

        assert_problem(stranger().get(url("api-functions", solution)), 404, "solution_unknown")
        answer = stranger().get(url("api-function", solution, name="list-customers"))
        assert_problem(answer, 404, "solution_unknown")
