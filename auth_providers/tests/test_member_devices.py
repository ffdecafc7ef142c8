"""What ends at once when somebody is let go, and how the use of a device shows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from auth_providers.models import App, Device
from auth_providers.services.issuing import IssuedTokens
from auth_providers.services.member_devices import end_member_device, end_member_session
from auth_providers.services.tokens import identify
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from auth_providers.tests.flows import is_good, sign_in_browser
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Organization, SolutionMember, User
from orgs.services.members import disable_member, enable_member, remove_member
from orgs.services.people import admit_member
from orgs.tests.factories import MembershipFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db

Role = Membership.Role
type_of_act = Callable[[Membership, User], None]


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(admin=True)


@pytest.fixture
def acme(admin: Membership) -> Organization:
    return admin.organization


@pytest.fixture
def mia(acme: Organization) -> Membership:
    return MembershipFactory.create(organization=acme)


@pytest.fixture
def own_app(acme: Organization) -> App:
    return AppFactory.create(organization=acme)


@pytest.fixture
def browser(client: Client, admin: Membership) -> Client:
    client.force_login(admin.user)
    return client


def end(membership: Membership, kind: str, pk: object) -> str:
    return f"/people/{membership.pk}/{kind}/{pk}/end"


def disable(membership: Membership, by: User) -> None:
    disable_member(membership, by=by)


def come_and_go(membership: Membership, by: User) -> None:
    disable_member(membership, by=by)
    enable_member(membership, by=by, now=timezone.now())


def remove(membership: Membership, by: User) -> None:
    remove_member(membership, by=by)


def remove_and_admit(membership: Membership, by: User) -> None:
    remove_member(membership, by=by)
    admit_member(membership.user, organization=membership.organization, role=Role.USER, by=by)


class TestWhoIsLetGo:
    @pytest.mark.parametrize("act", [disable, come_and_go, remove, remove_and_admit])
    def test_has_no_device_of_the_organization_s_app(
        self, admin: Membership, mia: Membership, own_app: App, act: type_of_act
    ) -> None:
        own = signed_in(mia.user, app=own_app)
        installation = signed_in(mia.user)
        assert is_good(own.access_token)

        act(mia, admin.user)

        assert not is_good(own.access_token)
        assert is_good(installation.access_token)

    @pytest.mark.parametrize("act", [disable, remove])
    def test_finds_none_of_its_solutions_by_other_tokens(
        self,
        admin: Membership,
        acme: Organization,
        act: type_of_act,
        client_with: type_of_client,
    ) -> None:
        olga = MembershipFactory.create(organization=acme, creator=True)
        own = SolutionMemberFactory.create(
            membership=olga, solution__organization=acme, role=SolutionMember.Role.OWNER
        )
        tokens = (personal_token(olga.user).secret, signed_in(olga.user).access_token)
        address = f"/api/v1/solutions/{own.solution.pk}/functions"
        assert [client_with(token).get(address).status_code for token in tokens] == [200, 200]

        act(olga, admin.user)

        assert [client_with(token).get(address).status_code for token in tokens] == [404, 404]

    @pytest.mark.parametrize("act", [disable, remove])
    def test_sees_no_page_with_the_next_click(
        self, admin: Membership, acme: Organization, client: Client, act: type_of_act
    ) -> None:
        olga = MembershipFactory.create(organization=acme, creator=True)
        client.force_login(olga.user)
        assert client.get("/people").status_code == 200

        act(olga, admin.user)

        assert client.get("/people").status_code == 403


class TestPresence:
    @pytest.fixture
    def elsewhere(self, mia: Membership) -> Membership:
        return MembershipFactory.create(user=mia.user)

    def used(self, issued: IssuedTokens, *, after: timedelta = timedelta()) -> None:
        identify(issued.access_token, now=timezone.now() + after)

    def seen(self, *memberships: Membership) -> list[bool]:
        return [
            Membership.objects.get(pk=membership.pk).last_seen_at is not None
            for membership in memberships
        ]

    def test_is_noted_where_an_organization_s_app_reaches(
        self, mia: Membership, elsewhere: Membership, own_app: App
    ) -> None:
        self.used(signed_in(mia.user, app=own_app))

        assert self.seen(mia, elsewhere) == [True, False]

    def test_is_noted_everywhere_for_the_installation_s(
        self, mia: Membership, elsewhere: Membership
    ) -> None:
        disabled = MembershipFactory.create(user=mia.user, is_active=False)

        self.used(signed_in(mia.user))

        assert self.seen(mia, elsewhere, disabled) == [True, True, False]

    def test_costs_no_query_within_a_minute(
        self, mia: Membership, django_assert_num_queries: Any
    ) -> None:
        issued = signed_in(mia.user)
        self.used(issued)

        with django_assert_num_queries(1):
            self.used(issued, after=timedelta(seconds=50))
        with django_assert_num_queries(3):
            self.used(issued, after=timedelta(seconds=70))


class TestEndMemberDevice:
    def test_ends_one_of_the_organization_s_app(
        self, browser: Client, mia: Membership, own_app: App
    ) -> None:
        MembershipFactory.create(user=mia.user)
        issued = signed_in(mia.user, app=own_app)

        response = browser.post(end(mia, "devices", issued.device.pk))

        assert response.status_code == 302
        assert not is_good(issued.access_token)
        event = AuditEvent.objects.filter(act="device.revoke").get()
        assert event.organization == mia.organization

    def test_ends_one_of_the_installation_s_while_they_are_nowhere_else(
        self, browser: Client, mia: Membership
    ) -> None:
        issued = signed_in(mia.user)

        browser.post(end(mia, "devices", issued.device.pk))

        assert not is_good(issued.access_token)
        event = AuditEvent.objects.filter(act="device.revoke").get()
        assert event.organization == mia.organization

    def test_leaves_what_serves_another_organization(
        self, browser: Client, mia: Membership
    ) -> None:
        MembershipFactory.create(user=mia.user)
        issued = signed_in(mia.user)

        assert browser.post(end(mia, "devices", issued.device.pk)).status_code == 403
        assert is_good(issued.access_token)

    def test_knows_none_of_another_person_or_app(
        self, browser: Client, admin: Membership, mia: Membership
    ) -> None:
        foreign = AppFactory.create(
            organization=MembershipFactory.create(user=mia.user).organization
        )
        for device in (
            signed_in(mia.user, app=foreign).device,
            signed_in(admin.user).device,
        ):
            assert browser.post(end(mia, "devices", device.pk)).status_code == 404
            with pytest.raises(NotAllowed):
                end_member_device(device, membership=mia, by=admin.user, now=timezone.now())

    def test_takes_an_owner_for_an_owner(self, admin: Membership, acme: Organization) -> None:
        owner = MembershipFactory.create(organization=acme, owner=True)
        device = signed_in(owner.user).device

        with pytest.raises(NotAllowed):
            end_member_device(device, membership=owner, by=admin.user, now=timezone.now())

        assert Device.objects.live(timezone.now()).get() == device


class TestEndMemberSession:
    def test_signs_the_browser_out(self, browser: Client, mia: Membership) -> None:
        session = sign_in_browser(mia.user)

        response = browser.post(end(mia, "sessions", session.pk))

        assert response.status_code == 302
        assert not UserSession.objects.filter(user=mia.user).exists()
        assert not session.exists()
        event = AuditEvent.objects.get(act="session.end")
        assert event.organization == mia.organization
        assert event.changes == {"browser": ["Mia's browser", None]}
        assert session.session_key not in str(AuditEvent.objects.values())

    def test_leaves_what_serves_another_organization(
        self, browser: Client, admin: Membership, mia: Membership
    ) -> None:
        MembershipFactory.create(user=mia.user)
        session = sign_in_browser(mia.user)

        assert browser.post(end(mia, "sessions", session.pk)).status_code == 403
        with pytest.raises(NotAllowed):
            end_member_session(session, membership=mia, by=admin.user)

        assert session.exists()

    def test_knows_no_other_person_s(
        self, browser: Client, admin: Membership, mia: Membership
    ) -> None:
        session = sign_in_browser(MembershipFactory.create().user)

        assert browser.post(end(mia, "sessions", session.pk)).status_code == 404
