"""The operators' pages: everything is there, no secret is, and nothing goes round a service."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken

from auth_providers.models import App, DataKey, Device, PersonalAccessToken, RefreshRepeat
from auth_providers.tests.factories import personal_token, signed_in
from orgs.models import AuditEvent, IdempotentRequest, User
from orgs.tests.factories import MembershipFactory, UserFactory

OWN = ("orgs", "auth_providers", "oauth2_provider", "account", "mfa", "usersessions")
UNUSED = {"account.EmailConfirmation"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def page_of(client: Client, row: Any) -> str:
    """Return the page of a row."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    answer = client.get(reverse(name, args=[row.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


class TestAdmin:
    def test_registers_every_model(self) -> None:
        missing = {
            model._meta.label
            for model in apps.get_models()
            if model._meta.app_label in OWN and not admin.site.is_registered(model)
        }

        assert missing == UNUSED

    @pytest.mark.parametrize(
        "model",
        [model for model in apps.get_models() if model._meta.app_label in OWN],
        ids=lambda model: model._meta.label,
    )
    def test_lists_and_changes_nothing(self, operator: Client, model: Any) -> None:
        if model._meta.label in UNUSED:
            return
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"

        assert operator.get(reverse(f"{name}_changelist"), {"q": "x"}).status_code == 200
        assert operator.get(reverse(f"{name}_add")).status_code == 403

    def test_shows_no_secret_and_no_digest(self, operator: Client) -> None:
        issued, personal = signed_in(), personal_token()
        access, refresh = AccessToken.objects.get(), RefreshToken.objects.get()
        grant = Grant.objects.create(
            user=issued.device.user,
            application=issued.device.app,
            code="a-code",
            code_challenge="a-challenge",
            expires=timezone.now(),
        )
        repeat = RefreshRepeat.objects.create(
            device=issued.device, key_digest="a-digest", spent_token_id=1, issued_token_id=2
        )
        once = IdempotentRequest.objects.create(
            caller=issued.device.user,
            scope="x",
            key_digest="a-digest",
            body_digest="a-digest",
            expires_at=timezone.now(),
        )
        totp = Authenticator.objects.create(
            user=issued.device.user, type="totp", data={"secret": "a-seed"}
        )
        organization = MembershipFactory.create().organization
        key = DataKey.objects.create(organization=organization, wrapped_by="file", wrapped=b"a-key")
        rows = [
            issued.device.user,
            issued.device.app,
            issued.device,
            personal.token,
            access,
            refresh,
        ]
        rows += [grant, repeat, once, totp, key]

        pages = "".join(page_of(operator, row) for row in rows)

        secrets = [
            issued.device.user.password,
            App.objects.get().client_secret,
            personal.token.digest,
            access.token_checksum,
            refresh.token_checksum,
        ]
        for secret in [*secrets, "a-code", "a-challenge", "a-digest", "a-seed", "a-key"]:
            assert secret not in pages

    def test_revokes_devices_by_the_service(self, operator: Client) -> None:
        device = signed_in().device

        act(operator, "device", device)

        device.refresh_from_db()
        assert device.revoked_at
        assert AuditEvent.objects.filter(act="device.revoke", subject_id=device.pk).exists()

    def test_revokes_personal_tokens_by_the_service(self, operator: Client) -> None:
        token = personal_token().token

        act(operator, "personalaccesstoken", token)

        token.refresh_from_db()
        assert token.revoked_at

    def test_offers_no_revocation_to_who_may_only_look(self, client: Client) -> None:
        device = signed_in().device
        client.force_login(looking_operator())

        act(client, "device", device)

        device.refresh_from_db()
        assert device.revoked_at is None

    def test_is_closed_to_everybody_else(self, client: Client) -> None:
        client.force_login(UserFactory.create())

        assert client.get("/staff/").status_code in {302, 403}


def act(client: Client, model_name: str, row: Device | PersonalAccessToken) -> None:
    """Choose *Revoke* for a row."""
    chosen = {"action": "revoke", "_selected_action": [str(row.pk)]}
    client.post(reverse(f"admin:auth_providers_{model_name}_changelist"), chosen)


def looking_operator() -> User:
    """Make one who may see devices and no more."""
    user = UserFactory.create(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_device"))
    return user
