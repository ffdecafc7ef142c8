"""Coming in by one's domain, or founding an organization."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from orgs.models import AuditEvent, Domain, JoinRequest, Membership, Organization, User
from orgs.services.domain_names import PublicMailDomain
from orgs.services.domains import DomainUnproved
from orgs.services.joining import (
    AlreadyMember,
    EmailNotProved,
    Joinable,
    NeedsApproval,
    found_own_organization,
    join_organization,
    joinable_organizations,
    own_domain,
)
from orgs.services.organizations import NoSuchOrganization, NotAName
from orgs.services.people import MembershipInactive
from orgs.tests.factories import (
    DomainFactory,
    JoinRequestFactory,
    MembershipFactory,
    UserFactory,
)
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db

JoinPolicy = Domain.JoinPolicy


@pytest.fixture
def mia() -> User:
    return UserFactory.create(email="mia@acme.example")


def offered_to(user: User) -> list[str]:
    return [joinable.organization.name for joinable in joinable_organizations(user)]


def automatic(**more: Any) -> Domain:
    return DomainFactory.create(proved=True, join_policy=JoinPolicy.AUTOMATIC, **more)


class TestJoinableOrganizations:
    def test_are_those_that_name_the_domain_and_say_so(self, mia: User) -> None:
        domain = DomainFactory.create()
        DomainFactory.create(join_policy=JoinPolicy.OFF)
        DomainFactory.create(name="sub.acme.example")
        DomainFactory.create(name="other.example")

        assert joinable_organizations(mia) == [
            Joinable(domain.organization, "acme.example", False, JoinPolicy.REQUEST)  # noqa: FBT003
        ]

    def test_begin_with_the_most_open(self, mia: User) -> None:
        DomainFactory.create(organization__name="Named")
        DomainFactory.create(name="acme.test", proved=True, organization__name="Proved")
        automatic(organization__name="Open")
        EmailAddress.objects.create(user=mia, email="mia@acme.test", verified=True)

        assert offered_to(mia) == ["Open", "Proved", "Named"]

    def test_name_an_organization_once_with_its_more_generous_policy(self, mia: User) -> None:
        EmailAddress.objects.create(user=mia, email="mia@acme.test", verified=True)
        domain = automatic(name="acme.test")
        DomainFactory.create(organization=domain.organization)

        (joinable,) = joinable_organizations(mia)

        assert (joinable.domain, joinable.policy) == ("acme.test", JoinPolicy.AUTOMATIC)

    def test_go_by_proved_addresses_alone(self, mia: User) -> None:
        DomainFactory.create()
        EmailAddress.objects.update(verified=False)

        assert joinable_organizations(mia) == []

    def test_are_never_those_of_public_mail(self) -> None:
        DomainFactory.create(name="gmail.com")  # as no service would name it

        assert joinable_organizations(UserFactory.create(email="mia@gmail.com")) == []

    @pytest.mark.parametrize("is_active", [True, False])
    def test_leave_out_who_knows_the_person(self, mia: User, is_active: bool) -> None:  # noqa: FBT001
        organization = DomainFactory.create().organization
        MembershipFactory.create(organization=organization, user=mia, is_active=is_active)

        assert joinable_organizations(mia) == []


class TestJoinOrganization:
    def test_makes_a_member_of_the_lowest_role(self, mia: User) -> None:
        organization = automatic().organization

        membership = join_organization(organization, user=mia, now=timezone.now())

        assert (membership.user, membership.role) == (mia, Membership.Role.USER)
        event = AuditEvent.objects.get()
        assert (event.act, event.actor, event.organization) == ("member.admit", mia, organization)

    def test_ends_a_request_that_waits_there(self, mia: User) -> None:
        organization = automatic().organization
        waiting = JoinRequestFactory.create(organization=organization, user=mia)

        join_organization(organization, user=mia, now=timezone.now())

        waiting.refresh_from_db()
        assert waiting.status == JoinRequest.Status.WITHDRAWN

    def test_takes_a_request_where_the_policy_says_so(self, mia: User) -> None:
        organization = DomainFactory.create(proved=True).organization

        with pytest.raises(NeedsApproval):
            join_organization(organization, user=mia, now=timezone.now())

        assert not organization.memberships.exists()

    def test_does_not_know_what_is_not_offered(self, mia: User) -> None:
        automatic(name="other.example")
        off = DomainFactory.create(join_policy=JoinPolicy.OFF)

        for organization in Organization.objects.all():
            with pytest.raises(NoSuchOrganization):
                join_organization(organization, user=mia, now=timezone.now())
        assert not off.organization.memberships.exists()

    def test_says_that_one_is_in_already(self, mia: User) -> None:
        organization = automatic().organization
        join_organization(organization, user=mia, now=timezone.now())

        with pytest.raises(AlreadyMember):
            join_organization(organization, user=mia, now=timezone.now())

    def test_keeps_out_who_was_let_go(self, mia: User) -> None:
        organization = automatic().organization
        MembershipFactory.create(organization=organization, user=mia, is_active=False)

        with pytest.raises(MembershipInactive):
            join_organization(organization, user=mia, now=timezone.now())


class TestFoundOwnOrganization:
    def test_makes_the_founder_its_owner(self, mia: User) -> None:
        organization = found_own_organization(
            " Acme ", owner=mia, domain="ACME.example", now=timezone.now()
        )

        assert organization.name == "Acme"
        assert organization.memberships.get().role == Membership.Role.OWNER
        domain = organization.domains.get()
        assert (domain.name, domain.join_policy) == ("acme.example", JoinPolicy.REQUEST)
        assert not domain.is_proved
        acts = set(AuditEvent.objects.values_list("act", flat=True))
        assert acts == {"organization.create", "member.admit", "domain.name"}

    def test_needs_no_domain(self, mia: User) -> None:
        assert not found_own_organization("Acme", owner=mia, now=timezone.now()).domains.exists()

    @pytest.mark.parametrize("name", ["", "  ", "A\ncme", "x" * 101])
    def test_refuses_what_is_no_name(self, mia: User, name: str) -> None:
        with pytest.raises(NotAName) as refusal:
            found_own_organization(name, owner=mia, now=timezone.now())

        assert [fault.pointer for fault in refusal.value.faults] == ["/name"]

    def test_makes_nothing_when_the_domain_is_refused(self, mia: User) -> None:
        with pytest.raises(PublicMailDomain) as refusal:
            found_own_organization("Acme", owner=mia, domain="gmail.com", now=timezone.now())

        assert [fault.pointer for fault in refusal.value.faults] == ["/domain"]
        assert not Organization.objects.exists()

    def test_lets_nobody_in_by_a_domain_that_is_not_proved(self, mia: User) -> None:
        with pytest.raises(DomainUnproved):
            found_own_organization(
                "Acme",
                owner=mia,
                domain="acme.example",
                join_policy=JoinPolicy.AUTOMATIC,
                now=timezone.now(),
            )

    def test_takes_a_proved_address(self, mia: User) -> None:
        EmailAddress.objects.update(verified=False)

        with pytest.raises(EmailNotProved):
            found_own_organization("Acme", owner=mia, now=timezone.now())


def test_own_domain_is_none_of_public_mail() -> None:
    assert own_domain(User(email="mia@acme.example")) == "acme.example"
    assert own_domain(User(email="mia@gmail.com")) == ""


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_joining_twice_makes_one_membership(self) -> None:
        user, organization = UserFactory.create(), automatic().organization

        def join() -> Membership:
            return join_organization(organization, user=user, now=timezone.now())

        outcomes = all_at_once([join] * 2, meeting='SELECT "orgs_domain"')

        assert {type(outcome) for outcome in outcomes} == {Membership, AlreadyMember}
        assert organization.memberships.count() == 1
