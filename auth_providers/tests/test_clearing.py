"""Forgetting what has ended, and nothing else."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken

from auth_providers.models import (
    Device,
    EmailCode,
    LinkedIdentity,
    PersonalAccessToken,
    RefreshRepeat,
    SignInTransaction,
)
from auth_providers.services.clearing import clear_expired_tokens
from auth_providers.tests.factories import OAuthConfigurationFactory, personal_token, signed_in
from orgs.models import IdempotentRequest
from orgs.services.idempotency import claim_request
from orgs.services.members import leave_organization
from orgs.tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def claim_key(*, now: datetime) -> None:
    user = UserFactory.create()
    claim_request(user, scope="x", key="k", body=b"", now=now, correlation_id=uuid.uuid4())


def ask_code(*, expired_at: datetime) -> None:
    EmailCode.objects.create(
        purpose=EmailCode.Purpose.REGISTER, email=f"{expired_at}@x.example", expires_at=expired_at
    )


def begin_sign_in(*, expires_at: datetime) -> None:
    configuration = OAuthConfigurationFactory.create()
    SignInTransaction.objects.create(
        purpose="DEVICE", configuration=configuration, revision=1, expires_at=expires_at
    )


class TestClearExpiredTokens:
    def test_keeps_what_is_alive_or_ended_lately(self) -> None:
        signed_in().device.revoke(NOW - timedelta(days=29))
        signed_in()
        personal_token()
        claim_key(now=NOW)
        ask_code(expired_at=NOW - timedelta(hours=23))
        begin_sign_in(expires_at=NOW + timedelta(seconds=1))

        assert clear_expired_tokens(now=NOW) == 0
        assert Device.objects.count() == 2
        assert AccessToken.objects.count() == 2

    def test_forgets_what_ended_long_ago(self) -> None:
        signed_in().device.revoke(NOW - timedelta(days=30))
        signed_in(ago=timedelta(days=211))
        personal_token(ago=timedelta(days=300))
        RefreshRepeat.objects.create(
            device=signed_in().device,
            key_digest="x",
            spent_token_id=1,
            issued_token_id=2,
            created_at=NOW - timedelta(minutes=1),
        )
        claim_key(now=NOW - timedelta(days=1))
        ask_code(expired_at=NOW - timedelta(days=1))
        begin_sign_in(expires_at=NOW)

        assert clear_expired_tokens(now=NOW) == 7
        assert not EmailCode.objects.exists()
        assert Device.objects.count() == 1
        assert not PersonalAccessToken.objects.exists()
        assert not IdempotentRequest.objects.exists()

    def test_forgets_by_whose_word_somebody_came_in_who_has_left(self) -> None:
        former = MembershipFactory.create()
        for ending in ("", "#elsewhere", f"#{former.organization_id}"):
            issuer = f"https://idp.example{ending}"
            LinkedIdentity.objects.create(user=former.user, issuer=issuer, subject="mia")
        leave_organization(former, by=former.user)

        assert clear_expired_tokens(now=NOW) == 1
        kept = set(LinkedIdentity.objects.values_list("issuer", flat=True))
        assert kept == {"https://idp.example", "https://idp.example#elsewhere"}
