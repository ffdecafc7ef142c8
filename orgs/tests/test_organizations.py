"""Founding an organization, finding it, and what operators open for it."""

import pytest

from orgs.models import AuditEvent, Membership
from orgs.services.organizations import (
    NoSuchOrganization,
    NoSuchPerson,
    NotAName,
    NotANetwork,
    SeveralOrganizations,
    allow_networks,
    find_organization,
    find_own_organization,
    find_person,
    found_organization,
)
from orgs.tests.factories import MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestFoundOrganization:
    def test_makes_its_founder_its_owner(self) -> None:
        user = UserFactory.create()

        organization = found_organization("Acme", owner=user)

        membership = organization.memberships.get()
        assert (membership.user, membership.role) == (user, Membership.Role.OWNER)
        assert organization.allows_scripts is False
        assert organization.allowed_networks == []

    def test_is_recorded(self) -> None:
        user = UserFactory.create()

        organization = found_organization("Acme", owner=user)

        acts = AuditEvent.objects.filter(organization=organization, actor=user)
        assert set(acts.values_list("act", flat=True)) == {"organization.create", "member.admit"}

    @pytest.mark.parametrize("name", ["", "  ", "A\ncme", "x" * 101])
    def test_refuses_what_is_no_name(self, name: str) -> None:
        with pytest.raises(NotAName):
            found_organization(name, owner=UserFactory.create())


class TestFindOrganization:
    def test_finds_by_name_and_by_id(self) -> None:
        organization = OrganizationFactory.create(name="Acme")

        assert find_organization("Acme") == organization
        assert find_organization(str(organization.pk)) == organization

    @pytest.mark.parametrize("nothing", ["", "acme", "5f0c0f3e-7b1a-4a57-9b0e-000000000000"])
    def test_says_that_there_is_none(self, nothing: str) -> None:
        OrganizationFactory.create(name="Acme")

        with pytest.raises(NoSuchOrganization):
            find_organization(nothing)

    def test_does_not_guess_between_two(self) -> None:
        OrganizationFactory.create_batch(2, name="Acme")

        with pytest.raises(SeveralOrganizations):
            find_organization("Acme")


class TestFindOwnOrganization:
    def test_finds_where_the_person_is_a_member(self) -> None:
        member = MembershipFactory.create()

        assert find_own_organization(member.user, member.organization.pk) == member.organization

    def test_hides_those_of_others(self) -> None:
        member = MembershipFactory.create()

        with pytest.raises(NoSuchOrganization):
            find_own_organization(member.user, OrganizationFactory.create().pk)

    def test_hides_it_from_who_has_left(self) -> None:
        member = MembershipFactory.create(is_active=False)

        with pytest.raises(NoSuchOrganization):
            find_own_organization(member.user, member.organization.pk)


class TestAllowNetworks:
    def test_replaces_the_list(self) -> None:
        organization = OrganizationFactory.create(allowed_networks=["10.1.0.0/16"])

        allow_networks(organization, networks=["127.0.0.1", "fd00::/8"], by=None)

        organization.refresh_from_db()
        assert organization.allowed_networks == ["127.0.0.1/32", "fd00::/8"]

    def test_is_recorded_as_an_operator_s_act(self) -> None:
        organization = OrganizationFactory.create()

        allow_networks(organization, networks=["10.1.0.0/16"], by=None)

        event = AuditEvent.objects.get()
        assert (event.act, event.actor_label) == ("organization.allow_networks", "operator")
        assert event.changes == {"allowed_networks": [[], ["10.1.0.0/16"]]}

    def test_is_not_recorded_when_it_changes_nothing(self) -> None:
        organization = OrganizationFactory.create(allowed_networks=["10.1.0.0/16"])

        allow_networks(organization, networks=["10.1.0.0/16"], by=None)

        assert not AuditEvent.objects.exists()

    @pytest.mark.parametrize("network", ["", "localhost", "10.1.2.3/16", "10.0.0.0/33"])
    def test_refuses_what_is_no_network(self, network: str) -> None:
        organization = OrganizationFactory.create()

        with pytest.raises(NotANetwork):
            allow_networks(organization, networks=["10.1.0.0/16", network], by=None)

        organization.refresh_from_db()
        assert organization.allowed_networks == []


class TestFindPerson:
    def test_finds_by_address_in_any_spelling(self) -> None:
        member = MembershipFactory.create(user__email="mia@acme.example")

        assert find_person(member.organization, " Mia@Acme.example ") == member.user

    def test_takes_the_first_owner_without_one(self) -> None:
        first = MembershipFactory.create(owner=True)
        MembershipFactory.create(admin=True, organization=first.organization)
        MembershipFactory.create(owner=True, organization=first.organization)

        assert find_person(first.organization, None) == first.user

    def test_passes_over_an_owner_who_has_left(self) -> None:
        left = MembershipFactory.create(owner=True, is_active=False)
        owner = MembershipFactory.create(owner=True, organization=left.organization)

        assert find_person(left.organization, None) == owner.user

    def test_refuses_a_stranger_and_an_organization_without_owner(self) -> None:
        member = MembershipFactory.create()

        with pytest.raises(NoSuchPerson):
            find_person(member.organization, UserFactory.create().email)
        with pytest.raises(NoSuchPerson):
            find_person(member.organization, None)
