from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jigxmgmt.errors import NotAllowed
from orgs import policies
from orgs.models import AuditEvent, Membership, Organization, User
from orgs.policies import Act
from orgs.services.domains import name_domain
from orgs.services.organization_settings import DetailsInvalid
from orgs.services.support_access import (
    LONGEST_SUPPORT,
    SupportAccess,
    SupportTimeInvalid,
    change_settings,
    record_support_entry,
    set_support_access,
)
from orgs.tests.factories import MembershipFactory, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db
Level = Organization.SupportAccess
HOUR = timedelta(hours=1)


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True, organization__name="Acme")


@pytest.fixture
def operator() -> User:
    return UserFactory.create(is_staff=True)


def open_to(owner: Membership, level: Level, *, ago: timedelta = timedelta()) -> None:
    """Open an hour of support, which began so long ago."""
    begun = timezone.now() - ago
    set_support_access(
        owner.organization, support=SupportAccess(level, begun + HOUR), by=owner.user, now=begun
    )


class TestSetSupportAccess:
    def test_is_recorded_with_its_end(self, owner: Membership) -> None:
        now = timezone.now()

        set_support_access(
            owner.organization,
            support=SupportAccess(Level.READ, now + HOUR),
            by=owner.user,
            now=now,
        )

        event = AuditEvent.objects.get(act="organization.set_support_access")
        assert event.changes == {
            "support_access": ["NONE", "READ"],
            "support_access_until": [None, (now + HOUR).isoformat()],
        }

    @pytest.mark.parametrize(
        "length", [None, timedelta(), -HOUR, LONGEST_SUPPORT + timedelta(seconds=1)]
    )
    def test_has_an_end_within_thirty_days(
        self, owner: Membership, length: timedelta | None
    ) -> None:
        now = timezone.now()
        until: datetime | None = None if length is None else now + length

        with pytest.raises(SupportTimeInvalid):
            set_support_access(
                owner.organization,
                support=SupportAccess(Level.WRITE, until),
                by=owner.user,
                now=now,
            )

    def test_ends_at_once(self, owner: Membership, operator: User) -> None:
        open_to(owner, Level.WRITE)

        set_support_access(
            owner.organization,
            support=SupportAccess(Level.NONE),
            by=owner.user,
            now=timezone.now(),
        )

        assert not policies.can(operator, Act.ENTER_CONSOLE, owner.organization)
        owner.organization.refresh_from_db()
        assert owner.organization.support_access_until is None

    def test_is_for_owners_and_not_for_support_itself(
        self, owner: Membership, operator: User
    ) -> None:
        open_to(owner, Level.WRITE)
        admin = MembershipFactory.create(organization=owner.organization, admin=True)

        for other in (admin.user, operator):
            with pytest.raises(NotAllowed):
                set_support_access(
                    owner.organization,
                    support=SupportAccess(Level.NONE),
                    by=other,
                    now=timezone.now(),
                )


class TestChangeSettings:
    def test_changes_neither_where_one_is_refused(self, owner: Membership) -> None:
        now = timezone.now()
        with pytest.raises(SupportTimeInvalid):
            change_settings(
                owner.organization,
                details={"name": "Zebra"},
                support=SupportAccess(Level.READ, now - HOUR),
                by=owner.user,
                now=now,
            )
        with pytest.raises(DetailsInvalid):
            change_settings(
                owner.organization,
                details={"name": ""},
                support=SupportAccess(Level.READ, now + HOUR),
                by=owner.user,
                now=now,
            )

        kept = Organization.objects.get()
        assert (kept.name, kept.support_access) == ("Acme", Level.NONE)


class TestSupport:
    """What an operator may, by level: at a service that reads, and one that writes."""

    @pytest.mark.parametrize(
        ("level", "ago", "reads", "writes"),
        [
            (Level.READ, timedelta(), True, False),
            (Level.WRITE, timedelta(), True, True),
            (Level.WRITE, HOUR, False, False),
        ],
    )
    def test_reaches_as_far_as_its_level_and_its_time(
        self,
        owner: Membership,
        operator: User,
        level: Level,
        ago: timedelta,
        reads: bool,  # noqa: FBT001
        writes: bool,  # noqa: FBT001
    ) -> None:
        open_to(owner, level, ago=ago)

        assert policies.can(operator, Act.SEE_PEOPLE, owner.organization) is reads
        assert self.may_name_a_domain(operator, owner.organization) is writes

    def test_gives_no_rights_that_would_outlast_it(self, owner: Membership, operator: User) -> None:
        open_to(owner, Level.WRITE)
        by_support = {act for act in Act if policies.can(operator, act, owner.organization)}

        assert by_support == {
            Act.ENTER_CONSOLE,
            Act.SEE_PEOPLE,
            Act.SEE_ALL_SOLUTIONS,
            Act.SEE_ALL_CALLS,
            Act.CONFIGURE_ALL_SOLUTIONS,
            Act.CREATE_SOLUTIONS,
            Act.SET_UP_ORGANIZATION,
        }

    def test_is_closed_unless_somebody_opens_it(self, owner: Membership, operator: User) -> None:
        assert not policies.can(operator, Act.ENTER_CONSOLE, owner.organization)
        with pytest.raises(NotAllowed):
            record_support_entry(owner.organization, by=operator)

    @staticmethod
    def may_name_a_domain(operator: User, organization: Organization) -> bool:
        try:
            name_domain(organization, name="acme.example", by=operator, now=timezone.now())
        except NotAllowed:
            return False
        return True


class TestSupportInTheConsole:
    @pytest.fixture
    def browser(self, client: Client, operator: User) -> Client:
        """The operator's."""
        client.force_login(operator)
        return client

    def test_lets_nobody_in_by_itself(self, browser: Client, owner: Membership) -> None:
        assert browser.get("/people").status_code == 403

    def test_reads_and_changes_nothing(self, browser: Client, owner: Membership) -> None:
        open_to(owner, Level.READ)

        page = browser.get("/people")

        assert page.status_code == 200
        assert "You are here as support" in page.content.decode()
        assert browser.post("/domains", {"name": "acme.example"}).status_code == 403
        assert browser.get("/organization").status_code == 403

    def test_writes_where_it_may(self, browser: Client, owner: Membership) -> None:
        open_to(owner, Level.WRITE)

        response = browser.post("/domains", {"name": "acme.example", "join_policy": "REQUEST"})

        assert response.status_code == 302
        page = browser.get("/organization")
        assert "Delete the organization" not in page.content.decode()

    def test_ends_by_its_time(self, browser: Client, owner: Membership) -> None:
        open_to(owner, Level.READ, ago=HOUR)

        assert browser.get("/people").status_code == 403

    def test_is_recorded_once_a_session_and_opening(
        self, browser: Client, owner: Membership, operator: User
    ) -> None:
        open_to(owner, Level.READ)
        browser.get("/people")
        browser.get("/roles")

        event = AuditEvent.objects.get(act="support.enter")
        assert (event.actor, event.organization) == (operator, owner.organization)

        open_to(owner, Level.WRITE)
        browser.get("/people")
        assert AuditEvent.objects.filter(act="support.enter").count() == 2

    def test_is_shown_to_members_and_ended_by_an_owner(
        self, client: Client, owner: Membership
    ) -> None:
        open_to(owner, Level.READ)
        client.force_login(owner.user)
        page = client.get(reverse("domains"))
        assert read_page(page).headings == ["Domains"]
        assert "Support access is open until" in page.content.decode()

        response = client.post("/organization", {"card": "support", "level": "NONE"})

        assert response.headers["Location"] == "/organization"
        assert "Support access is open until" not in client.get("/domains").content.decode()

    def test_is_recorded_where_it_adds_to_a_role(
        self, browser: Client, owner: Membership, operator: User
    ) -> None:
        MembershipFactory.create(organization=owner.organization, user=operator, creator=True)
        open_to(owner, Level.READ)

        browser.get("/people")

        assert AuditEvent.objects.filter(act="support.enter", actor=operator).exists()

    def test_is_no_event_for_a_member_who_is_staff(self, client: Client) -> None:
        member = MembershipFactory.create(owner=True, user__is_staff=True)
        client.force_login(member.user)

        client.get("/people")

        assert not AuditEvent.objects.filter(act="support.enter").exists()
