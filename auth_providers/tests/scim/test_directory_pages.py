"""The pages about an organization's directory."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth_providers.models import ScimGroup, ScimToken, ScimUser
from auth_providers.services.directory_overview import GroupOfOthers, map_directory_group
from auth_providers.services.scim_tokens import make_scim_token, organization_of_directory
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, GroupMember, Membership
from orgs.tests.factories import PASSWORD, MembershipFactory, SolutionGroupFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(admin=True)


def sign_in(client: Client, member: Membership) -> Client:
    client.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


@pytest.fixture
def browser(client: Client, admin: Membership) -> Client:
    return sign_in(client, admin)


@pytest.fixture
def group(admin: Membership) -> ScimGroup:
    """A group of the directory with one member in it."""
    group = ScimGroup.objects.create(organization=admin.organization, display_name="Field")
    group.members.add(
        ScimUser.objects.create(
            organization=admin.organization,
            user_name="mia",
            membership=MembershipFactory.create(organization=admin.organization),
            finding=ScimUser.Finding.LINKED,
        )
    )
    return group


class TestDirectory:
    def test_says_the_next_step(self, browser: Client) -> None:
        answer = browser.get(reverse("directory"))

        assert read_page(answer).headings == ["Directory sync"]
        assert "Make a token" in answer.content.decode()

    def test_shows_a_token_once(self, browser: Client, admin: Membership) -> None:
        answer = browser.post(reverse("directory-token"))

        secret = re.search(r"jxs_[\w-]{40,}", answer.content.decode())
        assert secret
        found = organization_of_directory(secret[0], now=timezone.now())
        assert found == admin.organization
        assert answer.headers["Cache-Control"] == "no-store"
        assert secret[0] not in browser.get(reverse("directory")).content.decode()
        assert secret[0] not in str(list(AuditEvent.objects.values()))

    def test_tells_who_is_no_member_and_why(self, browser: Client, admin: Membership) -> None:
        ScimUser.objects.create(
            organization=admin.organization, user_name="eve@other.example", finding="NO_ADDRESS"
        )

        words = browser.get(reverse("directory")).content.decode()

        assert "eve@other.example" in words
        assert "Has no e-mail address" in words

    def test_pages_its_groups(self, browser: Client, admin: Membership) -> None:
        names = [f"Group {number:02}" for number in range(26)]
        ScimGroup.objects.bulk_create(
            ScimGroup(organization=admin.organization, display_name=name) for name in names
        )

        first = browser.get(reverse("directory")).content.decode()
        second = browser.get(reverse("directory"), {"groups": "2"}).content.decode()

        assert "groups=2" in first
        assert ("Group 25" in first, "Group 25" in second) == (False, True)

    def test_ends_by_the_name(self, browser: Client, admin: Membership) -> None:
        make_scim_token(admin.organization, by=admin.user, now=timezone.now())
        url = reverse("directory-end")

        assert browser.post(url, {"typed": "Other"}).status_code == 422
        assert ScimToken.objects.exists()
        assert browser.post(url, {"typed": admin.organization.name}).status_code == 302
        assert not ScimToken.objects.exists()

    def test_is_for_owners_and_admins(self, client: Client, group: ScimGroup) -> None:
        role = Membership.Role.CREATOR
        creator = MembershipFactory.create(organization=group.organization, role=role)
        sign_in(client, creator)

        for name, ids in (("directory", ()), ("directory-group", (group.pk,))):
            assert client.get(reverse(name, args=ids)).status_code == 403
        assert client.post(reverse("directory-token")).status_code == 403
        assert not ScimToken.objects.exists()


class TestGroup:
    def test_stands_for_a_group_of_a_solution_and_fills_it(
        self, browser: Client, group: ScimGroup
    ) -> None:
        place = SolutionGroupFactory.create(solution__organization=group.organization)
        url = reverse("directory-group", args=[group.pk])

        answer = browser.post(url, {"solution_groups": [str(place.pk)]})

        assert answer.status_code == 302
        assert GroupMember.objects.get(group=place).member.membership.scim_user.user_name == "mia"
        assert "mia" in browser.get(url).content.decode()

    def test_stands_for_no_group_of_others(self, group: ScimGroup, admin: Membership) -> None:
        foreign = SolutionGroupFactory.create()

        with pytest.raises(GroupOfOthers):
            map_directory_group(group, solution_groups=[foreign], by=admin.user)

        assert not foreign.members.exists()

    def test_is_not_for_strangers(self, browser: Client, group: ScimGroup) -> None:
        foreign = ScimGroup.objects.create(
            organization=MembershipFactory.create().organization, display_name="Theirs"
        )

        assert browser.get(reverse("directory-group", args=[foreign.pk])).status_code == 404
        with pytest.raises(NotAllowed):
            map_directory_group(group, solution_groups=[], by=MembershipFactory.create().user)
