"""Whoever proves an address first has the account to themselves."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone

from auth_providers.models import Device, LinkedIdentity, PersonalAccessToken
from auth_providers.services.first_proofs import end_claimed_access
from auth_providers.services.identities import link_identity
from auth_providers.tests.factories import personal_token, signed_in
from auth_providers.tests.flows import is_good, sign_in_browser
from orgs.models import AuditEvent, User
from orgs.tests.factories import EmailAddressFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()
ISSUER = "https://idp.example"


@pytest.fixture
def claimed(db: None) -> User:
    """An account of somebody who said that the address was theirs, and who settled in it."""
    user = UserFactory.create(address__verified=False)
    link_identity(user, issuer=ISSUER, subject="1", by=None)
    return user


def address_of(user: User) -> EmailAddress:
    return EmailAddress.objects.get(user=user)


class TestEndClaimedAccess:
    def test_unties_what_was_linked_before(self, claimed: User) -> None:
        end_claimed_access(address_of(claimed), now=NOW)

        assert not LinkedIdentity.objects.exists()
        event = AuditEvent.objects.get(act="identity.unlink")
        assert (event.actor, event.changes) == (claimed, {"issuer": [ISSUER, None]})

    def test_ends_devices_tokens_authenticators_and_the_password(self, claimed: User) -> None:
        issued, token = signed_in(claimed), personal_token(claimed)
        Authenticator.objects.create(user=claimed, type="webauthn", data={})

        end_claimed_access(address_of(claimed), now=NOW)

        assert not Device.objects.live(NOW).exists()
        assert not PersonalAccessToken.objects.live(NOW).exists()
        assert not is_good(issued.access_token)
        assert not is_good(token.secret)
        assert not Authenticator.objects.exists()
        assert not User.objects.get().has_usable_password()
        ended = AuditEvent.objects.get(act="user.end_claims")
        assert ended.changes == {"authenticators": [1, 0], "password": [True, False]}

    def test_spares_the_session_in_which_it_is_proved(self) -> None:
        user = UserFactory.create()
        here, there = sign_in_browser(user), UserSession.objects
        EmailAddress.objects.update(verified=False)

        end_claimed_access(address_of(user), now=NOW, spared_session=here.session_key)
        assert there.exists()

        end_claimed_access(address_of(user), now=NOW)
        assert not there.exists()

    def test_leaves_an_operator_the_password_of_the_command(self, claimed: User) -> None:
        User.objects.update(is_staff=True)

        end_claimed_access(address_of(claimed), now=NOW)

        assert User.objects.get().has_usable_password()

    def test_leaves_all_to_who_had_proved_another(self) -> None:
        user = UserFactory.create()
        link_identity(user, issuer=ISSUER, subject="1", by=None)
        issued = signed_in(user)
        second = EmailAddressFactory.create(
            user=user, email="second@acme.example", verified=False, primary=False
        )

        end_claimed_access(second, now=NOW)

        assert LinkedIdentity.objects.get().user == user
        assert is_good(issued.access_token)
