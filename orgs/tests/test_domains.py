from datetime import timedelta
from typing import Any

import factory
import pytest
from django.utils import timezone

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Domain, Membership, Organization, User
from orgs.services.domain_names import NotADomain
from orgs.services.domains import (
    MOST_DOMAINS,
    DomainGone,
    DomainNamed,
    DomainUnproved,
    TooManyDomains,
    count_members_at,
    domains_of,
    name_domain,
    remove_domain,
    set_join_policy,
)
from orgs.tests.factories import DomainFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
Policy = Domain.JoinPolicy


@pytest.fixture
def membership() -> Membership:
    """An admin's."""
    return MembershipFactory.create(admin=True)


@pytest.fixture
def admin(membership: Membership) -> User:
    return membership.user


def name_one(membership: Membership, name: str = "acme.example", **more: Any) -> Domain:
    return name_domain(
        membership.organization, name=name, by=membership.user, now=timezone.now(), **more
    )


class TestNameDomain:
    def test_keeps_its_one_spelling_and_asks_for_approval(self, membership: Membership) -> None:
        domain = name_one(membership, "ACME.Example.")

        assert (domain.name, domain.join_policy) == ("acme.example", Policy.REQUEST)
        assert not domain.is_proved
        event = AuditEvent.objects.get(act="domain.name")
        assert event.changes["name"] == [None, "acme.example"]

    def test_refuses_the_same_one_twice(self, membership: Membership) -> None:
        name_one(membership)

        with pytest.raises(DomainNamed) as refusal:
            name_one(membership, "Acme.example")

        assert refusal.value.faults[0].pointer == "/name"

    def test_lets_several_organizations_name_one(self, membership: Membership) -> None:
        name_one(membership)

        name_one(MembershipFactory.create(owner=True))

        assert Domain.objects.filter(name="acme.example").count() == 2

    def test_lets_nobody_in_by_a_domain_that_is_not_proved(self, membership: Membership) -> None:
        with pytest.raises(DomainUnproved) as refusal:
            name_one(membership, join_policy=Policy.AUTOMATIC)

        assert refusal.value.faults[0].pointer == "/join_policy"

    def test_refuses_what_nobody_owns(self, membership: Membership) -> None:
        with pytest.raises(NotADomain):
            name_one(membership, "co.uk")

    def test_is_bounded(self, membership: Membership) -> None:
        names = factory.Sequence(lambda number: f"acme{number}.example")
        DomainFactory.create_batch(MOST_DOMAINS, organization=membership.organization, name=names)

        with pytest.raises(TooManyDomains):
            name_one(membership)

    @pytest.mark.parametrize("role", ["creator", None])
    def test_is_for_owners_and_admins(self, role: str | None) -> None:
        other = MembershipFactory.create(**{role: True} if role else {})

        with pytest.raises(NotAllowed):
            name_one(other)
        with pytest.raises(NotAllowed):
            domains_of(other.organization, by=other.user)
        with pytest.raises(NotAllowed):
            count_members_at(DomainFactory.create(organization=other.organization), by=other.user)


class TestSetJoinPolicy:
    def test_opens_a_proved_domain(self, membership: Membership, admin: User) -> None:
        domain = DomainFactory.create(organization=membership.organization, proved=True)

        set_join_policy(domain, policy=Policy.AUTOMATIC, by=admin)

        domain.refresh_from_db()
        assert domain.join_policy == Policy.AUTOMATIC
        event = AuditEvent.objects.get(act="domain.set_join_policy")
        assert event.changes == {"join_policy": ["REQUEST", "AUTOMATIC"]}

    def test_does_not_open_one_whose_proof_was_lost_meanwhile(
        self, membership: Membership, admin: User
    ) -> None:
        domain = DomainFactory.create(organization=membership.organization, proved=True)
        Domain.objects.update(proved_at=None, proved_by="")

        with pytest.raises(DomainUnproved):
            set_join_policy(domain, policy=Policy.AUTOMATIC, by=admin)

    def test_records_nothing_where_nothing_changes(
        self, membership: Membership, admin: User
    ) -> None:
        domain = DomainFactory.create(organization=membership.organization)

        set_join_policy(domain, policy=Policy.REQUEST, by=admin)

        assert not AuditEvent.objects.exists()

    def test_lets_nobody_in_by_the_word_of_support(self, membership: Membership) -> None:
        organization = membership.organization
        organization.support_access = Organization.SupportAccess.WRITE
        organization.support_access_until = timezone.now() + timedelta(hours=1)
        organization.save()
        domain = DomainFactory.create(organization=organization, proved=True)
        operator = UserFactory.create(is_staff=True)

        set_join_policy(domain, policy=Policy.OFF, by=operator)
        with pytest.raises(NotAllowed):
            set_join_policy(domain, policy=Policy.AUTOMATIC, by=operator)

    def test_is_not_for_admins_of_elsewhere(self, admin: User) -> None:
        with pytest.raises(NotAllowed):
            set_join_policy(DomainFactory.create(), policy=Policy.OFF, by=admin)


class TestRemoveDomain:
    def test_leaves_its_record_alone(self, membership: Membership, admin: User) -> None:
        domain = name_one(membership)

        remove_domain(domain, by=admin)

        assert not Domain.objects.exists()
        assert AuditEvent.objects.get(act="domain.remove").changes["name"] == [
            "acme.example",
            None,
        ]

    def test_tells_who_comes_second(self, membership: Membership, admin: User) -> None:
        domain = name_one(membership)
        remove_domain(domain, by=admin)

        with pytest.raises(DomainGone):
            remove_domain(domain, by=admin)

    def test_is_not_for_admins_of_elsewhere(self, admin: User) -> None:
        with pytest.raises(NotAllowed):
            remove_domain(DomainFactory.create(), by=admin)
