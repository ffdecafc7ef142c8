"""A solution's people, settings and copies at the API's door."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import creator, publish, save_secret
from orgs.models import AuditEvent, Solution, SolutionMember, User
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


def url(name: str, solution: Solution, /, **more: object) -> str:
    return reverse(name, kwargs={"pk": solution.pk, **more})


def post(caller: Client, solution: Solution, body: Any, *, key: str = "") -> Any:
    return caller.post(
        url("api-solution-members", solution),
        body,
        content_type="application/json",
        headers={"Idempotency-Key": key} if key else {},
    )


class TestListMembers:
    def test_tells_roles_and_groups(self, solution: Solution, owner: User) -> None:
        member = SolutionMemberFactory.create(solution=solution)
        group = solution.groups.create(name="North")
        group.members.create(member=member)

        answer = script_of(owner, "solutions:read").get(url("api-solution-members", solution))

        assert set(answer.json()) == {"results", "next"}
        assert answer.json()["results"][1] == {
            "id": str(member.pk),
            "membership_id": str(member.membership_id),
            "email": member.membership.user.email,
            "first_name": "Mia",
            "last_name": member.membership.user.last_name,
            "role": "USER",
            "groups": [str(group.pk)],
        }

    def test_asks_the_database_as_often_for_many(
        self, solution: Solution, owner: User, django_assert_max_num_queries: Any
    ) -> None:
        SolutionMemberFactory.create_batch(20, solution=solution)
        script = script_of(owner)

        with django_assert_max_num_queries(8):
            answer = script.get(url("api-solution-members", solution))

        assert len(answer.json()["results"]) == 21

    def test_is_not_for_phones(self, solution: Solution, owner: User) -> None:
        answer = phone_of(owner).get(url("api-solution-members", solution))

        assert_problem(answer, 403, "not_for_devices")

    def test_is_hidden_from_who_is_denied_and_from_strangers(
        self, solution: Solution, owner: User
    ) -> None:
        for caller in (script_of(creator(solution, Role.DENY)), stranger()):
            answer = caller.get(url("api-solution-members", solution))
            assert_problem(answer, 404, "solution_unknown")


class TestAddMembers:
    def test_adds_one_by_address_or_by_membership(self, solution: Solution, owner: User) -> None:
        mia, tom = MembershipFactory.create_batch(2, organization=solution.organization)
        script = script_of(owner)

        first = post(script, solution, {"email": mia.user.email.upper(), "role": "EDITOR"})
        second = post(script, solution, {"membership_id": str(tom.pk), "role": "USER"})

        assert (first.status_code, second.status_code) == (201, 201)
        assert (first.json()["email"], first.json()["role"]) == (mia.user.email, "EDITOR")
        assert second.json()["id"] == str(tom.solution_roles.get().pk)

    def test_adds_a_list_in_its_order(self, solution: Solution, owner: User) -> None:
        people = MembershipFactory.create_batch(3, organization=solution.organization)
        body = [{"membership_id": str(person.pk), "role": "USER"} for person in people]

        answer = post(script_of(owner), solution, body)

        rows = answer.json()["results"]
        assert [row["membership_id"] for row in rows] == [str(person.pk) for person in people]

    def test_adds_all_or_nobody_and_points_at_each_fault(
        self, solution: Solution, owner: User
    ) -> None:
        mia = MembershipFactory.create(organization=solution.organization)
        known = {"membership_id": str(mia.pk), "role": "USER"}
        body = [known, {"email": "nobody@acme.example", "role": "USER"}, known]

        answer = post(script_of(owner), solution, body)

        faults = assert_problem(answer, 422, "person_unknown")
        assert [fault["pointer"] for fault in faults] == ["/1/email", "/2/membership_id"]
        assert not mia.solution_roles.exists()

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"role": "USER"}, ""),
            ({"email": "mia@acme.example", "role": "KING"}, "/role"),
            ({"membership_id": "x", "role": "USER"}, "/membership_id"),
            ([{"email": "mia@acme.example"}], "/0/role"),
            ([], ""),
            ('"x"', ""),
        ],
    )
    def test_points_at_what_is_no_person(
        self, solution: Solution, owner: User, body: Any, pointer: str
    ) -> None:
        answer = post(script_of(owner), solution, body)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer

    def test_bounds_how_many_at_once(self, solution: Solution, owner: User) -> None:
        body = [{"email": "mia@acme.example", "role": "USER"}] * 201

        assert_problem(post(script_of(owner), solution, body), 413, "too_many_changes")

    def test_adds_nobody_of_another_organization(self, solution: Solution, owner: User) -> None:
        eve = MembershipFactory.create()

        answer = post(script_of(owner), solution, {"membership_id": str(eve.pk), "role": "USER"})

        assert_problem(answer, 422, "person_unknown")

    def test_is_done_once_for_a_key(self, solution: Solution, owner: User) -> None:
        mia = MembershipFactory.create(organization=solution.organization)
        body = {"membership_id": str(mia.pk), "role": "USER"}
        script = script_of(owner)
        post(script, solution, body, key="k")

        assert_problem(post(script, solution, body, key="k"), 409, "already_done")

    def test_refuses_an_editor(self, solution: Solution, owner: User) -> None:
        mia = MembershipFactory.create(organization=solution.organization)

        answer = post(
            script_of(creator(solution, Role.EDITOR)),
            solution,
            {"membership_id": str(mia.pk), "role": "USER"},
        )

        assert_problem(answer, 403, "not_allowed")


class TestOneMember:
    def test_is_read_changed_and_removed(self, solution: Solution, owner: User) -> None:
        member = SolutionMemberFactory.create(solution=solution)
        address = url("api-solution-member", solution, member_id=member.pk)
        script = script_of(owner)

        changed = script.patch(address, {"role": "ADMIN"}, content_type="application/json")
        read = script.get(address)
        removed = script.delete(address)
        again = script.delete(address)

        assert changed.json()["role"] == "ADMIN"
        assert read.json() == changed.json()
        assert (removed.status_code, removed.content) == (204, b"")
        assert_problem(again, 404, "solution_member_unknown")

    def test_lets_no_admin_touch_an_owner(self, solution: Solution, owner: User) -> None:
        member = solution.members.get(membership__user=owner)
        address = url("api-solution-member", solution, member_id=member.pk)
        script = script_of(creator(solution, Role.ADMIN))

        changed = script.patch(address, {"role": "USER"}, content_type="application/json")

        assert_problem(changed, 403, "not_allowed")
        assert_problem(script.delete(address), 403, "not_allowed")

    def test_is_looked_for_in_this_solution_alone(self, solution: Solution, owner: User) -> None:
        elsewhere = SolutionMemberFactory.create()

        answer = script_of(owner).delete(
            url("api-solution-member", solution, member_id=elsewhere.pk)
        )

        assert_problem(answer, 404, "solution_member_unknown")
        assert SolutionMember.objects.filter(pk=elsewhere.pk).exists()


class TestSettings:
    def put(self, caller: Client, solution: Solution, body: Any) -> Any:
        return caller.put(
            url("api-solution-settings", solution), body, content_type="application/json"
        )

    def test_are_one_object(self, solution: Solution, owner: User) -> None:
        script = script_of(owner)

        put = self.put(script, solution, {"region": "EU", "sites": [1]})
        got = script.get(url("api-solution-settings", solution))

        assert put.json() == got.json() == {"region": "EU", "sites": [1]}
        assert AuditEvent.objects.filter(act="solution.change").count() == 1

    @pytest.mark.parametrize("body", [[1], '"text"', {"a": "x" * 17_000}, {" ": 1}])
    def test_keep_their_bounds(self, solution: Solution, owner: User, body: Any) -> None:
        (fault,) = assert_problem(
            self.put(script_of(owner), solution, body), 422, "settings_invalid"
        )

        assert fault["pointer"] == ""

    def test_are_not_for_phones_or_strangers(self, solution: Solution, owner: User) -> None:
        address = url("api-solution-settings", solution)

        assert_problem(phone_of(owner).get(address), 403, "not_for_devices")
        assert_problem(stranger().get(address), 404, "solution_unknown")


class TestCopySolution:
    def copy(self, caller: Client, solution: Solution, *, key: str = "", **body: Any) -> Any:
        return caller.post(
            url("api-solution-copy", solution),
            body,
            content_type="application/json",
            headers={"Idempotency-Key": key} if key else {},
        )

    def test_makes_one_without_secrets(self, solution: Solution, owner: User) -> None:
        publish(solution, by=owner)
        save_secret(solution, by=owner)
        script = script_of(owner)

        answer = self.copy(script, solution, name="other")

        assert answer.status_code == 201
        told = answer.json()
        assert (told["name"], told["title"], told["version"]) == ("other", "Field (copy)", 1)
        credentials = script.get(reverse("api-credentials", args=[uuid.UUID(told["id"])]))
        assert [row["has_secret"] for row in credentials.json()["results"]] == [False]

    def test_is_done_once_for_a_key(self, solution: Solution, owner: User) -> None:
        script = script_of(owner)
        self.copy(script, solution, key="k", name="other", title="Other")

        again = self.copy(script, solution, key="k", name="other", title="Other")

        assert_problem(again, 409, "already_done")
        assert Solution.objects.count() == 2

    def test_refuses_a_name_that_is_taken(self, solution: Solution, owner: User) -> None:
        faults = assert_problem(
            self.copy(script_of(owner), solution, name="field"), 409, "name_taken"
        )

        assert faults[0]["pointer"] == "/name"

    def test_refuses_an_admin_and_hides_it_from_a_stranger(
        self, solution: Solution, owner: User
    ) -> None:
        admin = script_of(creator(solution, Role.ADMIN))

        assert_problem(self.copy(admin, solution, name="other"), 403, "not_allowed")
        assert_problem(self.copy(stranger(), solution, name="other"), 404, "solution_unknown")
