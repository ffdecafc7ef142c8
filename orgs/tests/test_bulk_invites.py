from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jigxmgmt.errors import NotAllowed
from orgs.console.invite_lists import Line, UnreadableList, examine_list, read_lines
from orgs.models import AuditEvent, Invite, Membership, Organization, Solution, User
from orgs.services.bulk_invites import (
    MOST_AT_ONCE,
    TooManyInvitations,
    examine_invitations,
    invite_people,
)
from orgs.services.invites import Invitation, NotAnInvitation
from orgs.services.provisioning import Grants
from orgs.tests.factories import (
    InviteFactory,
    MembershipFactory,
    OrganizationFactory,
    SolutionFactory,
    SolutionGroupFactory,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def acme() -> Organization:
    return OrganizationFactory.create()


@pytest.fixture
def owner(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, owner=True).user


@pytest.fixture
def admin(acme: Organization) -> User:
    return MembershipFactory.create(organization=acme, admin=True).user


class TestExamineInvitations:
    def test_tells_every_fault_at_its_row(self, acme: Organization, admin: User) -> None:
        invited = InviteFactory.create(organization=acme)
        rows = [
            Invitation("lars@acme.example"),
            Invitation("nonsense", language="xx"),
            Invitation(admin.email.upper()),
            Invitation(invited.email),
            Invitation("mia@acme.example", grants=Grants(role=Membership.Role.OWNER)),
            Invitation("twice@acme.example"),
            Invitation("TWICE@acme.example"),
            Invitation("x@straße.de"),
            Invitation("x@xn--strae-oqa.de"),
        ]

        found = examine_invitations(acme, rows, by=admin, now=NOW)

        assert [[fault.code for fault in faults] for faults in found] == [
            [],
            ["email_invalid", "language_unknown"],
            ["already_member"],
            ["already_invited"],
            ["role_not_yours"],
            ["duplicate"],
            ["duplicate"],
            ["duplicate"],
            ["duplicate"],
        ]
        assert Invite.objects.get() == invited

    def test_is_for_owners_and_admins(self, acme: Organization) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True).user

        with pytest.raises(NotAllowed):
            examine_invitations(acme, [], by=creator, now=NOW)

    def test_takes_no_more_than_is_done_at_once(self, acme: Organization, owner: User) -> None:
        rows = [Invitation("lars@acme.example")] * (MOST_AT_ONCE + 1)

        with pytest.raises(TooManyInvitations):
            examine_invitations(acme, rows, by=owner, now=NOW)


class TestInvitePeople:
    def test_invites_nobody_where_one_has_a_fault(self, acme: Organization, owner: User) -> None:
        rows = [Invitation("lars@acme.example"), Invitation("nonsense")]

        with pytest.raises(NotAnInvitation) as refusal:
            invite_people(acme, rows, by=owner, now=NOW)

        assert [fault.pointer for fault in refusal.value.faults] == ["/1/email"]
        assert not Invite.objects.exists()

    def test_takes_as_many_statements_for_many_as_for_one(
        self,
        acme: Organization,
        owner: User,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        group = SolutionGroupFactory.create(solution__organization=acme)
        grants = Grants(solutions={group.solution: "USER"}, groups=[group])  # type: ignore[dict-item]
        rows = [Invitation(f"p{number}@acme.example", grants=grants) for number in range(100)]

        with django_assert_max_num_queries(30):
            invites = invite_people(acme, rows, by=owner, now=NOW)

        assert len(invites) == 100
        assert group.pk in invites[99].groups.values_list("pk", flat=True)
        assert AuditEvent.objects.filter(act="invite.create").count() == 100

    def test_makes_room_where_invitations_are_past_due(
        self, acme: Organization, owner: User
    ) -> None:
        old = InviteFactory.create(organization=acme, expires_at=NOW - timedelta(days=1))

        invite_people(acme, [Invitation(old.email.upper())], by=owner, now=NOW)

        old.refresh_from_db()
        assert old.state == Invite.State.EXPIRED


class TestReadLines:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_takes_headings_in_any_order(self, delimiter: str) -> None:
        text = delimiter.join(["Role", "E-Mail", "first_name"]) + "\r\n\r\n"
        text += delimiter.join(["Admin", "mia@acme.example", "Mia"])

        (line,) = read_lines(text)

        expected = {"role": "Admin", "email": "mia@acme.example", "first name": "Mia"}
        assert (line.number, line.cells) == (3, expected)

    @pytest.mark.parametrize(
        "text",
        ["a@x.example\nb@x.example\n", "a@x.example, b@x.example", "a@x.example;b@x.example"],
    )
    def test_takes_addresses_alone(self, text: str) -> None:
        assert [line.cells["email"] for line in read_lines(text)] == ["a@x.example", "b@x.example"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "nobody"),
            ("email,shoe size\na@x.example,44", "shoe size"),
            ("email\na@x.example,Mia", "Line 2"),
            ('email\n"a@x.example', "Line 2"),
        ],
    )
    def test_says_what_cannot_be_read(self, text: str, words: str) -> None:
        with pytest.raises(UnreadableList, match=words):
            read_lines(text)


class TestExamineList:
    @pytest.fixture
    def field(self, acme: Organization) -> Solution:
        return SolutionFactory.create(organization=acme, name="field", title="Field Service")

    def test_resolves_what_the_words_name(
        self, acme: Organization, owner: User, field: Solution
    ) -> None:
        other = SolutionFactory.create(organization=acme, name="depot")
        group = SolutionGroupFactory.create(solution=field, name="North, far")
        text = 'mia@acme.example,Mia,Okafor,admin,German,field service;depot,"field/north, far"'

        line = self.examine(text, acme, owner)

        assert line.faults == []
        assert line.invitation is not None
        assert (line.invitation.language, line.role) == ("de", "Admin")
        assert set(line.invitation.grants.solutions) == {field, other}
        assert line.invitation.grants.groups == [group]

    def test_says_what_names_nothing(
        self, acme: Organization, owner: User, field: Solution
    ) -> None:
        SolutionGroupFactory.create(solution__name="other", name="North")
        text = "nonsense@,,,Boss,Klingon,other,field/South;other/North;North"

        line = self.examine(text, acme, owner)

        assert [fault.split("“")[-1].rstrip("”.") for fault in line.faults] == [
            "Boss",
            "other",
            "field/South",
            "other/North",
            "North",
            "This is not an e-mail address",
            "Klingon",
        ]

    def examine(self, text: str, acme: Organization, by: User) -> Line:
        (line,) = examine_list(text, organization=acme, by=by, now=NOW)
        return line
