"""The settings of an organization's single sign-on: what has to hold, and who may save them."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth_providers.models import LinkedIdentity, OAuthConfiguration, SingleSignOn, TestSignIn
from auth_providers.services.identities import issuer_as_known
from auth_providers.services.single_sign_on import (
    disable_single_sign_on,
    people_linked,
    reach_of,
    save_single_sign_on,
    settings_of,
)
from auth_providers.services.single_sign_on_faults import SettingsInvalid, SignOnFields
from auth_providers.tests.factories import OAuthConfigurationFactory, personal_token
from auth_providers.tests.flows import sign_in_browser
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, Organization
from orgs.services.provisioning import NotOfThisOrganization
from orgs.services.typed_names import NameMistyped
from orgs.tests.factories import (
    MembershipFactory,
    SolutionFactory,
    SolutionGroupFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True, organization__name="Acme")


@pytest.fixture
def admin(owner: Membership) -> Membership:
    return MembershipFactory.create(organization=owner.organization, admin=True)


@pytest.fixture
def acme(owner: Membership) -> Organization:
    return owner.organization


@pytest.fixture
def configuration(acme: Organization) -> OAuthConfiguration:
    return OAuthConfigurationFactory.create(organization=acme, key="entra")


def passed(configuration: OAuthConfiguration, admin: Membership, **other: object) -> TestSignIn:
    fields = {"revision": configuration.revision, "user": admin.user} | other
    return TestSignIn.objects.create(configuration=configuration, **fields)


def save(fields: SignOnFields, *, by: Membership, **more: object) -> SingleSignOn:
    return save_single_sign_on(
        by.organization,
        fields=fields,
        by=by.user,
        now=timezone.now(),
        **more,  # type: ignore[arg-type]
    )


def refused_at(fields: SignOnFields, *, by: Membership, **other: Any) -> dict[str, str]:
    """Save in vain, and return the codes of the faults by their pointers."""
    with pytest.raises(SettingsInvalid) as refusal:
        save(fields, by=by, **other)
    return {fault.pointer: fault.code for fault in refusal.value.faults}


class TestEnabling:
    def test_takes_a_test_by_who_enables(
        self, configuration: OAuthConfiguration, admin: Membership, owner: Membership
    ) -> None:
        passed(configuration, owner)
        fields = SignOnFields(is_enabled=True, configurations=[configuration])

        assert refused_at(fields, by=admin) == {"/configurations/0": "test_missing"}
        assert save(fields, by=owner).is_enabled

    @pytest.mark.parametrize("other", [{"revision": 0}, {"refusal": "access_denied"}])
    def test_takes_a_test_that_passed_as_the_configuration_is(
        self, configuration: OAuthConfiguration, admin: Membership, other: dict[str, object]
    ) -> None:
        passed(configuration, admin, **other)
        fields = SignOnFields(is_enabled=True, configurations=[configuration])

        assert refused_at(fields, by=admin) == {"/configurations/0": "test_missing"}

    def test_stays_without_another_test_unless_one_is_added(
        self, configuration: OAuthConfiguration, admin: Membership, owner: Membership
    ) -> None:
        passed(configuration, owner)
        fields = SignOnFields(is_enabled=True, configurations=[configuration])
        save(fields, by=owner)
        second = OAuthConfigurationFactory.create(organization=owner.organization)

        assert save(replace(fields, creates_members=True), by=admin).creates_members
        added = replace(fields, configurations=[configuration, second])
        assert refused_at(added, by=admin) == {"/configurations/1": "test_missing"}

    def test_takes_a_configuration_at_least(self, admin: Membership) -> None:
        fields = SignOnFields(is_enabled=True)

        assert refused_at(fields, by=admin) == {"/configurations": "configuration_missing"}

    def test_knows_the_organizations_own_with_an_issuer_alone(
        self, acme: Organization, admin: Membership
    ) -> None:
        chosen = [
            OAuthConfigurationFactory.create(),
            OAuthConfigurationFactory.create(
                organization=acme, solution=SolutionFactory.create(organization=acme)
            ),
            OAuthConfigurationFactory.create(organization=acme, issuer=""),
        ]

        assert refused_at(SignOnFields(configurations=chosen), by=admin) == {
            "/configurations/0": "configuration_unknown",
            "/configurations/1": "configuration_unknown",
            "/configurations/2": "issuer_missing",
        }


class TestCreating:
    def test_is_in_the_name_of_who_saves(self, admin: Membership) -> None:
        saved = save(SignOnFields(creates_members=True), by=admin)

        assert saved.creates_as == admin.user

    def test_takes_the_name_of_an_active_owner_or_admin(self, admin: Membership) -> None:
        creator = MembershipFactory.create(organization=admin.organization, creator=True)
        left = MembershipFactory.create(
            organization=admin.organization, admin=True, is_active=False
        )

        for nobody in (creator.user, left.user, UserFactory.create()):
            fields = SignOnFields(creates_members=True, creates_as=nobody)
            assert refused_at(fields, by=admin) == {"/creates_as": "not_an_admin"}

    def test_keeps_solutions_and_groups_of_the_organization(self, admin: Membership) -> None:
        solution = SolutionFactory.create(organization=admin.organization)
        group = SolutionGroupFactory.create(solution=solution)

        saved = save(SignOnFields(solutions=[solution], groups=[group]), by=admin)

        assert list(saved.solutions.all()) == [solution]
        assert list(saved.groups.all()) == [group]
        with pytest.raises(NotOfThisOrganization):
            save(SignOnFields(solutions=[SolutionFactory.create()]), by=admin)


class TestRequiring:
    @pytest.fixture
    def fields(
        self, configuration: OAuthConfiguration, owner: Membership, admin: Membership
    ) -> SignOnFields:
        passed(configuration, owner)
        passed(configuration, admin)
        return SignOnFields(
            is_enabled=True, configurations=[configuration], is_required=True, break_glass=[owner]
        )

    def test_is_saved_by_an_owner_for_emergencies(
        self, fields: SignOnFields, owner: Membership
    ) -> None:
        saved = save(fields, by=owner)

        assert saved.is_required
        assert list(saved.break_glass.all()) == [owner]

    def test_shuts_nobody_out_who_saves_it(self, fields: SignOnFields, admin: Membership) -> None:
        assert refused_at(fields, by=admin) == {"/is_required": "shuts_you_out"}

        assert save(fields, by=admin, opened_by=[admin.organization_id]).is_required

    def test_takes_no_owners_way_in_but_by_an_owner(
        self, fields: SignOnFields, owner: Membership, admin: Membership
    ) -> None:
        another = MembershipFactory.create(organization=owner.organization, owner=True)
        came_by = [admin.organization_id]

        assert refused_at(fields, by=admin, opened_by=came_by) == {"/break_glass": "owner_left_out"}

        spared = replace(fields, break_glass=[owner, another])
        assert save(spared, by=admin, opened_by=came_by).is_required
        assert save(fields, by=owner).is_required
        assert save(replace(fields, creates_members=True), by=admin).is_required

    def test_takes_an_owner_and_that_it_is_enabled(
        self, fields: SignOnFields, owner: Membership
    ) -> None:
        bare = replace(fields, is_enabled=False, break_glass=[])

        assert refused_at(bare, by=owner) == {
            "/is_required": "shuts_you_out",
            "/break_glass": "break_glass_missing",
        }

    def test_takes_an_owner_who_can_come_in(
        self, fields: SignOnFields, owner: Membership, admin: Membership
    ) -> None:
        bare = MembershipFactory.create(
            organization=owner.organization, owner=True, user=UserFactory.create(password="")
        )
        bare.user.set_unusable_password()
        bare.user.save()
        chosen = replace(fields, break_glass=[owner, bare, admin])

        assert refused_at(chosen, by=owner) == {
            "/break_glass/1": "not_an_owner",
            "/break_glass/2": "not_an_owner",
        }

    def test_tells_whom_it_touches(self, owner: Membership, admin: Membership) -> None:
        sign_in_browser(admin.user)

        reach = reach_of(owner.organization, emergency=[owner], by=owner.user, now=timezone.now())

        assert (reach.people, reach.sessions) == (1, 1)


class TestSave:
    def test_tells_what_changed(self, configuration: OAuthConfiguration, admin: Membership) -> None:
        save(SignOnFields(configurations=[configuration]), by=admin)
        save(SignOnFields(configurations=[configuration]), by=admin)

        event = AuditEvent.objects.get(act="single_sign_on.save")
        assert event.changes == {"configurations": [[], ["entra"]]}

    def test_is_for_owners_and_admins(self, acme: Organization) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True)

        with pytest.raises(NotAllowed):
            save(SignOnFields(), by=creator)
        with pytest.raises(NotAllowed):
            settings_of(acme, by=MembershipFactory.create(owner=True).user)

    def test_is_not_for_support(self, acme: Organization) -> None:
        operator = UserFactory.create(is_staff=True)
        acme.support_access, acme.support_access_until = "WRITE", timezone.now().replace(year=2999)
        acme.save()
        settings_of(acme, by=operator)

        with pytest.raises(NotAllowed):
            save_single_sign_on(acme, fields=SignOnFields(), by=operator, now=timezone.now())


class TestDisable:
    def test_opens_the_password_again_and_keeps_the_rest(
        self, configuration: OAuthConfiguration, owner: Membership
    ) -> None:
        settings = SingleSignOn.objects.create(
            organization=owner.organization, is_enabled=True, is_required=True
        )
        settings.configurations.add(configuration)
        issuer = issuer_as_known(configuration, configuration.issuer)
        LinkedIdentity.objects.create(user=owner.user, issuer=issuer, subject="1")
        assert people_linked(settings) == 1

        disable_single_sign_on(
            owner.organization, typed_name=" Acme ", by=owner.user, now=timezone.now()
        )

        settings.refresh_from_db()
        assert (settings.is_enabled, settings.is_required) == (False, False)
        assert list(settings.configurations.all()) == [configuration]

    def test_takes_the_name(self, owner: Membership) -> None:
        with pytest.raises(NameMistyped):
            disable_single_sign_on(
                owner.organization, typed_name="acme", by=owner.user, now=timezone.now()
            )


class TestApi:
    @pytest.fixture
    def script(self, admin: Membership) -> Client:
        return Client(headers={"Authorization": f"Bearer {personal_token(admin.user).secret}"})

    @pytest.fixture
    def url(self, acme: Organization) -> str:
        return reverse("api-single-sign-on", args=[acme.pk])

    def test_puts_settings_in_place(
        self, script: Client, url: str, configuration: OAuthConfiguration, admin: Membership
    ) -> None:
        passed(configuration, admin)
        wanted = {
            "is_enabled": True,
            "configurations": [str(configuration.pk)],
            "creates_members": True,
            "creates_as": str(admin.pk),
        }

        answer = script.put(url, wanted, content_type="application/json")

        assert answer.status_code == 200, answer.json()
        shown = script.get(url).json()
        assert wanted.items() <= shown.items()
        assert (shown["break_glass"], shown["saved_by"]) == ([], admin.user.email)

    def test_points_at_what_it_does_not_know(self, script: Client, url: str) -> None:
        foreign = OAuthConfigurationFactory.create()

        answer = script.put(
            url, {"configurations": [str(foreign.pk)]}, content_type="application/json"
        )

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/configurations/0"]

    def test_is_not_there_for_strangers(self, script: Client) -> None:
        other = MembershipFactory.create(owner=True).organization

        assert script.get(reverse("api-single-sign-on", args=[other.pk])).status_code == 404
