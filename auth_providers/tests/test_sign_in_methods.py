"""A person's accounts at providers: linked by hand, and unlinked while something else is left."""

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from auth_providers.models import LinkedIdentity, OAuthConfiguration, SingleSignOn
from auth_providers.services.own_identities import LastWayIn, unlink_identity
from auth_providers.tests.arriving import address_of, come_back, enabled
from auth_providers.tests.factories import OAuthConfigurationFactory
from auth_providers.tests.hostile import Provider
from jigxmgmt.errors import NotAllowed
from orgs.models import AuditEvent, Membership, User
from orgs.services.members import leave_organization
from orgs.tests.factories import PASSWORD, MembershipFactory, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> Membership:
    return MembershipFactory.create(organization__name="Acme", user__email="mia@elsewhere.example")


@pytest.fixture
def configuration(provider: Provider, mia: Membership) -> OAuthConfiguration:
    return enabled(provider, mia.organization)


@pytest.fixture
def browser(client: Client, mia: Membership) -> Client:
    client.force_login(mia.user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def link(browser: Client, configuration: OAuthConfiguration) -> str:
    return address_of(browser.post(reverse("identity-link", args=[configuration.pk])))


def identity_of(user: User, subject: str = "mia") -> LinkedIdentity:
    return LinkedIdentity.objects.create(user=user, issuer="https://idp.example", subject=subject)


class TestLink:
    def test_ties_the_account_to_who_is_signed_in_and_tells_them(
        self,
        browser: Client,
        provider: Provider,
        configuration: OAuthConfiguration,
        mia: Membership,
        django_capture_on_commit_callbacks: pytest.FixtureRequest,
    ) -> None:
        address = link(browser, configuration)

        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            answer = come_back(browser, provider, address)

        assert answer.headers["Location"] == reverse("profile")
        identity = LinkedIdentity.objects.get()
        assert (identity.user, identity.provider, identity.subject) == (
            mia.user,
            provider.issuer,
            "mia",
        )
        assert [message.to for message in mail.outbox] == [["mia@elsewhere.example"]]
        page = browser.get(reverse("profile"))
        read_page(page)
        assert configuration.name in page.content.decode()
        assert identity.issuer not in page.content.decode()

    def test_takes_more_than_a_browser_that_was_left_open(
        self, client: Client, mia: Membership, configuration: OAuthConfiguration
    ) -> None:
        client.force_login(mia.user)

        answer = client.post(reverse("identity-link", args=[configuration.pk]))

        assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))

    def test_takes_nothing_from_somebody_else(
        self, browser: Client, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        somebody = UserFactory.create()
        issuer = f"{provider.issuer}#{configuration.organization_id}"
        LinkedIdentity.objects.create(user=somebody, issuer=issuer, subject="mia")

        answer = come_back(browser, provider, link(browser, configuration))

        assert answer.headers["Location"].endswith("reason=identity_taken")
        assert browser.get(answer.headers["Location"]).status_code == 409
        assert LinkedIdentity.objects.get().user == somebody

    def test_ends_with_who_began(
        self, browser: Client, provider: Provider, configuration: OAuthConfiguration
    ) -> None:
        address = link(browser, configuration)
        browser.force_login(MembershipFactory.create(organization=configuration.organization).user)

        answer = come_back(browser, provider, address)

        assert answer.headers["Location"].endswith("reason=transaction_unknown")
        assert not LinkedIdentity.objects.exists()

    def test_is_by_providers_of_ones_own_organizations(
        self, browser: Client, configuration: OAuthConfiguration
    ) -> None:
        foreign = OAuthConfigurationFactory.create()
        off = OAuthConfigurationFactory.create(organization=configuration.organization)

        for unusable in (foreign, off):
            url = reverse("identity-link", args=[unusable.pk])
            assert browser.post(url).status_code == 404


class TestUnlink:
    def test_unties_it(self, browser: Client, mia: Membership) -> None:
        identity = identity_of(mia.user)

        browser.post(reverse("identity-unlink", args=[identity.pk]))

        assert not LinkedIdentity.objects.exists()
        assert AuditEvent.objects.get(act="identity.unlink").actor == mia.user

    def test_leaves_the_last_way_in(self, browser: Client, mia: Membership) -> None:
        mia.user.set_unusable_password()
        mia.user.save()
        identity = identity_of(mia.user)

        with pytest.raises(LastWayIn):
            unlink_identity(identity, by=mia.user)

        identity_of(mia.user, "another")
        unlink_identity(identity, by=mia.user)
        assert LinkedIdentity.objects.get().subject == "another"

    def test_counts_no_identity_whose_membership_ended(
        self, browser: Client, mia: Membership
    ) -> None:
        mia.user.set_unusable_password()
        mia.user.save()
        former = MembershipFactory.create(user=mia.user)
        stale = identity_of(mia.user, "stale")
        LinkedIdentity.objects.update(issuer=f"https://idp.example#{former.organization_id}")
        leave_organization(former, by=mia.user)

        with pytest.raises(LastWayIn):
            unlink_identity(identity_of(mia.user), by=mia.user)

        browser.force_login(mia.user)
        assert browser.post(reverse("identity-unlink", args=[stale.pk])).status_code == 404

    def test_counts_no_password_that_opens_nothing(self, mia: Membership) -> None:
        SingleSignOn.objects.create(
            organization=mia.organization, is_enabled=True, is_required=True
        )

        with pytest.raises(LastWayIn):
            unlink_identity(identity_of(mia.user), by=mia.user)

    def test_is_for_the_person_alone(self, browser: Client) -> None:
        other = UserFactory.create()
        identity = identity_of(other)

        answer = browser.post(reverse("identity-unlink", args=[identity.pk]))

        assert answer.status_code == 404
        with pytest.raises(NotAllowed):
            unlink_identity(identity, by=UserFactory.create())
