"""A solution's groups at the API's door."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from functions.tests.doors import assert_problem, phone_of, script_of, stranger
from functions.tests.factories import creator
from orgs.models import Solution, SolutionGroup, SolutionMember, User
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db

Role = SolutionMember.Role


@pytest.fixture
def group(solution: Solution) -> SolutionGroup:
    return SolutionGroup.objects.create(solution=solution, name="North")


def url(name: str, group: SolutionGroup, /, **more: object) -> str:
    return reverse(name, kwargs={"pk": group.solution_id, "group_id": group.pk, **more})


def create(caller: Client, solution: Solution, **body: Any) -> Any:
    address = reverse("api-groups", args=[solution.pk])
    return caller.post(address, body, content_type="application/json")


class TestGroups:
    def test_are_made_listed_renamed_and_deleted(self, solution: Solution, owner: User) -> None:
        script = script_of(owner)

        made = create(script, solution, name="North")
        group = SolutionGroup.objects.get()
        renamed = script.patch(
            url("api-group", group), {"name": "Nord"}, content_type="application/json"
        )
        listed = script.get(reverse("api-groups", args=[solution.pk]))
        deleted = script.delete(url("api-group", group))

        assert (made.status_code, made.json()["name"], made.json()["members"]) == (201, "North", 0)
        assert listed.json()["results"] == [renamed.json()]
        assert deleted.status_code == 204
        assert_problem(script.get(url("api-group", group)), 404, "group_unknown")

    def test_refuse_a_name_that_is_taken_or_none(
        self, solution: Solution, group: SolutionGroup, owner: User
    ) -> None:
        script = script_of(owner)

        taken = assert_problem(create(script, solution, name="North"), 409, "name_taken")
        blank = assert_problem(create(script, solution, name=" "), 422, "invalid")

        assert taken[0]["pointer"] == blank[0]["pointer"] == "/name"

    def test_refuse_an_editor(self, solution: Solution, group: SolutionGroup) -> None:
        script = script_of(creator(solution, Role.EDITOR))

        assert script.get(url("api-group", group)).status_code == 200
        assert_problem(create(script, solution, name="South"), 403, "not_allowed")
        assert_problem(script.delete(url("api-group", group)), 403, "not_allowed")

    def test_are_not_for_phones_or_strangers(
        self, solution: Solution, group: SolutionGroup, owner: User
    ) -> None:
        address = reverse("api-groups", args=[solution.pk])

        assert_problem(phone_of(owner).get(address), 403, "not_for_devices")
        assert_problem(stranger().get(url("api-group", group)), 404, "solution_unknown")

    def test_know_no_cursor_with_a_null_character(self, solution: Solution, owner: User) -> None:
        address = reverse("api-groups", args=[solution.pk])

        answer = script_of(owner).get(address, {"cursor": "cj0xJnA9JTAw"})

        assert_problem(answer, 422, "cursor_invalid")

    def test_are_looked_for_in_this_solution_alone(self, solution: Solution, owner: User) -> None:
        elsewhere = SolutionGroup.objects.create(
            solution=SolutionMemberFactory.create().solution, name="North"
        )
        address = reverse("api-group", kwargs={"pk": solution.pk, "group_id": elsewhere.pk})

        assert_problem(script_of(owner).delete(address), 404, "group_unknown")
        assert SolutionGroup.objects.exists()


class TestGroupMembers:
    def test_come_and_go(self, group: SolutionGroup, owner: User) -> None:
        mia = MembershipFactory.create(organization=group.solution.organization)
        script, address = script_of(owner), url("api-group-members", group)

        added = script.post(address, {"email": mia.user.email}, content_type="application/json")
        listed = script.get(address)
        member = mia.solution_roles.get()
        place = url("api-group-member", group, member_id=member.pk)
        removed = script.delete(place)

        assert (added.status_code, added.json()["id"]) == (201, str(member.pk))
        assert added.json()["groups"] == [str(group.pk)]
        assert listed.json()["results"] == [added.json()]
        assert removed.status_code == 204
        assert_problem(script.delete(place), 404, "group_member_unknown")

    def test_refuse_strangers_as_members(self, group: SolutionGroup, owner: User) -> None:
        eve = MembershipFactory.create()

        answer = script_of(owner).post(
            url("api-group-members", group),
            {"membership_id": str(eve.pk)},
            content_type="application/json",
        )

        assert assert_problem(answer, 422, "person_unknown")[0]["pointer"] == "/membership_id"

    def test_refuse_an_editor(self, group: SolutionGroup) -> None:
        mia = MembershipFactory.create(organization=group.solution.organization)

        answer = script_of(creator(group.solution, Role.EDITOR)).post(
            url("api-group-members", group),
            {"membership_id": str(mia.pk)},
            content_type="application/json",
        )

        assert_problem(answer, 403, "not_allowed")
