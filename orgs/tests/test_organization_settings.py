import pytest

from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Organization, Picture, User
from orgs.services.organization_settings import (
    DetailsInvalid,
    change_organization,
    delete_organization,
)
from orgs.services.typed_names import NameMistyped
from orgs.tests.factories import DomainFactory, MembershipFactory, SolutionMemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True, organization__name="Acme")


class TestChangeOrganization:
    def test_changes_what_is_given_and_records_it(self, owner: Membership) -> None:
        change_organization(
            owner.organization, by=owner.user, region_label="eu-west", idle_minutes=15
        )

        changed = Organization.objects.get()
        assert (changed.name, changed.region_label, changed.idle_minutes) == ("Acme", "eu-west", 15)
        event = AuditEvent.objects.get(act="organization.change")
        assert event.changes == {"region_label": ["", "eu-west"], "idle_minutes": [None, 15]}

    def test_records_nothing_where_nothing_changes(self, owner: Membership) -> None:
        change_organization(owner.organization, by=owner.user, name="Acme")

        assert not AuditEvent.objects.exists()

    def test_keeps_the_address_for_requests_in_its_one_spelling(self, owner: Membership) -> None:
        change_organization(owner.organization, by=owner.user, request_email="Desk@Straße.de")

        assert Organization.objects.get().request_email == "desk@xn--strae-oqa.de"

    def test_takes_no_address_that_mail_cannot_reach(self, owner: Membership) -> None:
        with pytest.raises(DetailsInvalid):
            change_organization(owner.organization, by=owner.user, request_email="jörg@acme.de")

    def test_names_every_fault(self, owner: Membership) -> None:
        with pytest.raises(DetailsInvalid) as refusal:
            change_organization(
                owner.organization,
                by=owner.user,
                name="",
                website="javascript:alert(1)",
                request_email="nobody",
                region_label="eu\nwest",
                idle_minutes=1,
            )

        pointers = {fault.pointer for fault in refusal.value.faults}
        assert pointers == {
            "/name",
            "/website",
            "/request_email",
            "/region_label",
            "/idle_minutes",
        }

    @pytest.mark.parametrize("name", ["  ", "A\ncme", "x" * 101])
    def test_takes_no_name_that_founding_would_not(self, owner: Membership, name: str) -> None:
        with pytest.raises(DetailsInvalid) as refusal:
            change_organization(owner.organization, by=owner.user, name=name)

        assert [fault.pointer for fault in refusal.value.faults] == ["/name"]

    def test_keeps_a_name_without_spaces_around_it(self, owner: Membership) -> None:
        changed = change_organization(owner.organization, by=owner.user, name=" New ")

        assert changed.name == "New"

    @pytest.mark.parametrize("website", ["ftp://acme.example", "https://" + "a" * 300])
    def test_takes_no_other_website(self, owner: Membership, website: str) -> None:
        with pytest.raises(DetailsInvalid):
            change_organization(owner.organization, by=owner.user, website=website)

    def test_is_for_owners_and_admins(self, owner: Membership) -> None:
        creator = MembershipFactory.create(organization=owner.organization, creator=True)

        with pytest.raises(NotAllowed):
            change_organization(owner.organization, by=creator.user, name="Mine")


class TestDeleteOrganization:
    def test_takes_all_with_it_but_people_and_what_was_recorded(self, owner: Membership) -> None:
        organization = owner.organization
        SolutionMemberFactory.create(solution__organization=organization)
        DomainFactory.create(organization=organization)
        identity = organization.pk

        delete_organization(organization, typed_name="Acme", by=owner.user)

        assert not Organization.objects.exists()
        assert User.objects.count() == 2
        recorded = AuditEvent.objects.filter(organization=identity)
        assert recorded.filter(act="solution.delete").count() == 1
        assert recorded.get(act="organization.delete").changes == {
            "members": [2, 0],
            "solutions": [1, 0],
        }

    def test_takes_the_name_as_the_will(self, owner: Membership) -> None:
        with pytest.raises(NameMistyped) as refusal:
            delete_organization(owner.organization, typed_name="acme", by=owner.user)

        assert refusal.value.faults[0].pointer == "/name"
        assert Organization.objects.exists()

    def test_tells_who_comes_second(self, owner: Membership) -> None:
        stale = Organization.objects.get()
        delete_organization(owner.organization, typed_name="Acme", by=owner.user)

        with pytest.raises(NotAllowed):
            delete_organization(stale, typed_name="Acme", by=owner.user)

    def test_leaves_no_logo_behind(self, owner: Membership) -> None:
        owner.organization.logo = Picture.objects.create(content=b"", is_public=True)
        owner.organization.save()

        delete_organization(owner.organization, typed_name="Acme", by=owner.user)

        assert not Picture.objects.exists()

    def test_is_for_owners(self, owner: Membership) -> None:
        admin = MembershipFactory.create(organization=owner.organization, admin=True)

        with pytest.raises(NotAllowed):
            delete_organization(owner.organization, typed_name="Acme", by=admin.user)
