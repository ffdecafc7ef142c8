"""The apps of organizations, and the installation's own."""

from collections.abc import Sequence

import pytest
from django.db import IntegrityError
from django.utils import timezone

from auth_providers.models import App, Device
from auth_providers.services.apps import (
    AppGone,
    AppInvalid,
    change_app,
    create_app,
    devices_signed_in,
    installation_app,
    remove_app,
)
from auth_providers.services.redirect_urls import RedirectUrlUnusable
from auth_providers.tests.factories import AppFactory, signed_in
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership
from orgs.services.typed_names import NameMistyped
from orgs.tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


class TestInstallationApp:
    def test_is_made_once_and_that_is_recorded(self) -> None:
        app = installation_app()

        assert installation_app() == app
        assert (app.organization, app.is_first_party, app.client_type) == (None, True, "public")
        assert app.redirect_urls == ["http://127.0.0.1/callback"]
        assert AuditEvent.objects.get().act == "app.create"

    def test_is_the_only_one(self) -> None:
        installation_app()
        AppFactory.create(is_first_party=False)
        AppFactory.create(organization=OrganizationFactory.create())

        with pytest.raises(IntegrityError):
            App.objects.create(name="Another", is_first_party=True)


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(admin=True)


@pytest.fixture
def app(admin: Membership) -> App:
    return create_app(
        admin.organization,
        by=admin.user,
        name=" Acme ",
        platforms=["android", "ios"],
        redirect_urls=["com.acme.app:/back", "com.acme.app:/back", "https://app.acme.example/back"],
    )


class TestCreateApp:
    def test_keeps_what_is_given_in_order_and_once(self, app: App) -> None:
        assert (app.name, app.platforms) == ("Acme", ["ios", "android"])
        assert app.redirect_urls == ["com.acme.app:/back", "https://app.acme.example/back"]
        assert not app.is_first_party

    @pytest.mark.parametrize("name", ["", "  ", "Ac\x07me", "A" * 101])
    def test_refuses_a_name_that_nobody_can_read(self, admin: Membership, name: str) -> None:
        with pytest.raises(AppInvalid) as refusal:
            create_app(
                admin.organization, by=admin.user, name=name, redirect_urls=["com.acme.app:/"]
            )

        assert [fault.pointer for fault in refusal.value.faults] == ["/name"]

    @pytest.mark.parametrize(
        "urls",
        [
            [],
            ["http://app.acme.example/back"],
            ["https://app.acme.example/back#token"],
            ["https://app.acme.example@evil.example/"],
            ["myapp:/back"],
            ["javascript:alert(1)"],
        ],
    )
    def test_refuses_addresses_that_others_could_listen_at(
        self, admin: Membership, urls: Sequence[str]
    ) -> None:
        with pytest.raises(RedirectUrlUnusable):
            create_app(admin.organization, by=admin.user, name="Acme", redirect_urls=urls)

    def test_is_for_owners_and_admins(self, admin: Membership) -> None:
        creator = MembershipFactory.create(
            organization=admin.organization, role=Membership.Role.CREATOR
        )

        with pytest.raises(NotAllowed):
            create_app(
                admin.organization, by=creator.user, name="Mine", redirect_urls=["com.acme.app:/"]
            )


class TestChangeApp:
    def test_changes_what_is_given_and_tells_of_that_alone(
        self, app: App, admin: Membership
    ) -> None:
        change_app(app, by=admin.user, name="Acme Field", platforms=["ios", "android"])

        app.refresh_from_db()
        assert (app.name, len(app.redirect_urls)) == ("Acme Field", 2)
        assert AuditEvent.objects.get(act="app.change").changes == {"name": ["Acme", "Acme Field"]}

    def test_refuses_an_app_of_the_installation(self, admin: Membership) -> None:
        with pytest.raises(AppGone):
            change_app(installation_app(), by=admin.user, name="Taken over")

    def test_refuses_an_admin_of_another_organization(self, app: App) -> None:
        stranger = MembershipFactory.create(admin=True)

        with pytest.raises(NotAllowed):
            change_app(app, by=stranger.user, redirect_urls=["https://evil.example/"])


class TestRemoveApp:
    def test_ends_its_devices_and_tells_how_many(self, app: App, admin: Membership) -> None:
        signed_in(admin.user, app=app)
        assert devices_signed_in(app, now=timezone.now()) == 1

        remove_app(app, typed_name="Acme", by=admin.user)

        assert not Device.objects.exists()
        assert AuditEvent.objects.get(act="app.remove").changes["devices"] == [1, 0]

    def test_takes_the_name(self, app: App, admin: Membership) -> None:
        with pytest.raises(NameMistyped):
            remove_app(app, typed_name="acme", by=admin.user)

        assert App.objects.filter(pk=app.pk).exists()
