"""*Required for everyone*: every door of passwords, and who is spared."""

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse

from auth_providers.models import Device, SingleSignOn
from auth_providers.services.required_sign_on import password_closed_for
from auth_providers.tests.factories import AppFactory, signed_in
from auth_providers.tests.flows import ask, problem_code, sign_in_browser
from orgs.models import AuditEvent, Membership, User
from orgs.tests.factories import PASSWORD, MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    """Who owns an organization that requires single sign-on, and is kept for emergencies."""
    owner = MembershipFactory.create(owner=True, organization__name="Acme")
    require(owner)
    return owner


@pytest.fixture
def mia(owner: Membership) -> User:
    return MembershipFactory.create(organization=owner.organization, admin=True).user


def require(owner: Membership) -> SingleSignOn:
    settings = SingleSignOn.objects.create(
        organization=owner.organization, is_enabled=True, is_required=True
    )
    settings.break_glass.add(owner)
    return settings


def sign_in(client: Client, user: User) -> str:
    """Type address and password, and return the page that this leads to."""
    form = {"login": user.email, "password": PASSWORD}
    return str(client.post(reverse("account_login"), form).headers["Location"])


class TestPasswordClosedFor:
    def test_names_the_organization_that_closes_it(self, owner: Membership, mia: User) -> None:
        assert password_closed_for(mia) == owner.organization

    def test_spares_the_owners_for_emergencies_alone(self, owner: Membership) -> None:
        another = MembershipFactory.create(organization=owner.organization, owner=True)

        assert password_closed_for(owner.user) is None
        assert password_closed_for(another.user) == owner.organization

    @pytest.mark.parametrize("change", [{"role": "ADMIN"}, {"is_active": False}])
    def test_spares_every_owner_once_none_of_those_is_left(
        self, owner: Membership, mia: User, change: dict[str, object]
    ) -> None:
        another = MembershipFactory.create(organization=owner.organization, owner=True)
        Membership.objects.filter(pk=owner.pk).update(**change)

        assert password_closed_for(another.user) is None
        assert password_closed_for(mia) == owner.organization

    def test_counts_an_active_membership(self, owner: Membership, mia: User) -> None:
        Membership.objects.filter(user=mia).update(is_active=False)

        assert password_closed_for(mia) is None

    @pytest.mark.parametrize("flag", ["is_enabled", "is_required"])
    def test_counts_settings_that_are_on(self, owner: Membership, mia: User, flag: str) -> None:
        SingleSignOn.objects.update(**{flag: False})

        assert password_closed_for(mia) is None


class TestDoors:
    def test_close_the_sign_in_page_once_the_password_was_right(
        self, client: Client, mia: User
    ) -> None:
        assert sign_in(client, mia) == reverse("account_login")

        page = client.get(reverse("account_login")).content.decode()
        assert "Acme lets its people in by single sign-on only." in page
        assert client.get(reverse("overview")).status_code == 302
        assert not AuditEvent.objects.filter(act="user.sign_in").exists()

    def test_say_nothing_while_the_password_is_wrong(self, client: Client, mia: User) -> None:
        answer = client.post(reverse("account_login"), {"login": mia.email, "password": "wrong"})

        assert "single sign-on only" not in answer.content.decode()

    @pytest.mark.parametrize(
        ("password", "expected"),
        [(PASSWORD, (403, "single_sign_on_required")), ("wrong", (401, "invalid_credentials"))],
    )
    def test_close_the_sign_in_of_apps(
        self, client: Client, mia: User, password: str, expected: tuple[int, str]
    ) -> None:
        body = {
            "client_id": AppFactory.create().client_id,
            "email": mia.email,
            "password": password,
            "device": {"name": "Mia's phone", "platform": "ios"},
        }

        answer = client.post(reverse("api-sign-in"), body, content_type="application/json")

        assert problem_code(answer) == expected
        assert not Device.objects.exists()

    @pytest.mark.parametrize("page", ["overview", "profile", "account_change_password"])
    def test_end_a_session_that_a_password_opened(self, client: Client, page: str) -> None:
        owner = MembershipFactory.create(owner=True)
        mia = MembershipFactory.create(organization=owner.organization, admin=True).user
        assert sign_in(client, mia) == "/"
        require(owner)

        answer = client.get(reverse(page))

        assert answer.headers["Location"] == f"/accounts/login/?next={reverse(page)}"
        assert "_auth_user_id" not in client.session

    def test_lead_no_app_to_a_code(self, client: Client, mia: User) -> None:
        client.force_login(mia)

        answer = ask(client, AppFactory.create())

        assert answer.headers["Location"].startswith("/accounts/login/")

    def test_close_the_operators_pages(self, client: Client, mia: User) -> None:
        User.objects.filter(pk=mia.pk).update(is_staff=True, is_superuser=True)
        client.force_login(mia)

        answer = client.get("/staff/")

        assert answer.headers["Location"].startswith("/accounts/login/")

    def test_keep_devices_that_were_signed_in_before(self, client: Client) -> None:
        owner = MembershipFactory.create(owner=True)
        mia = MembershipFactory.create(organization=owner.organization)
        token = signed_in(mia.user).access_token
        require(owner)

        answer = client.get(reverse("api-me"), headers={"Authorization": f"Bearer {token}"})

        assert answer.status_code == 200

    def test_are_open_to_people_of_other_organizations(self, owner: Membership) -> None:
        stranger = MembershipFactory.create(organization=OrganizationFactory.create(), owner=True)

        sign_in_browser(stranger.user)

        assert UserSession.objects.filter(user=stranger.user).exists()


class TestEmergency:
    def test_is_recorded_and_told_to_every_owner(
        self,
        client: Client,
        owner: Membership,
        django_capture_on_commit_callbacks: pytest.FixtureRequest,
    ) -> None:
        another = MembershipFactory.create(organization=owner.organization, owner=True)

        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            assert sign_in(client, owner.user) == "/"

        event = AuditEvent.objects.get(act="single_sign_on.break_glass")
        assert (event.organization, event.actor) == (owner.organization, owner.user)
        assert event.changes == {"methods": [None, ["password"]]}
        told = {message.to[0] for message in mail.outbox}
        assert told == {owner.user.email, another.user.email}
        assert client.get(reverse("overview")).status_code == 200

    def test_is_none_where_nothing_is_required(self, client: Client) -> None:
        sign_in(client, MembershipFactory.create(owner=True).user)

        assert not AuditEvent.objects.filter(act="single_sign_on.break_glass").exists()
