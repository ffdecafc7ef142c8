"""The operators' pages: everything is there, no secret is, and nothing goes round a service."""

from collections.abc import Callable
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

from auth_providers.models import (
    App,
    DataKey,
    Device,
    EmailCode,
    PersonalAccessToken,
    RefreshRepeat,
)
from auth_providers.tests.factories import personal_token, signed_in
from orgs.models import AccessOffer, AuditEvent, IdempotentRequest, Invite, User
from orgs.tests.factories import OrganizationFactory, UserFactory

OWN = ("orgs", "auth_providers", "oauth2_provider", "account", "mfa", "usersessions")
UNUSED = {"account.EmailConfirmation"}
SECRET = "s3cret-marker"

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


def grant(device: Device) -> Grant:
    return Grant.objects.create(
        user=device.user,
        application=device.app,
        code=SECRET,
        code_challenge=SECRET,
        expires=timezone.now(),
    )


def repeat(device: Device) -> RefreshRepeat:
    return RefreshRepeat.objects.create(
        device=device, key_digest=SECRET, spent_token_id=1, issued_token_id=2
    )


def idempotent_request(device: Device) -> IdempotentRequest:
    return IdempotentRequest.objects.create(
        caller=device.user,
        scope="x",
        key_digest=SECRET,
        body_digest=SECRET,
        expires_at=timezone.now(),
    )


def authenticator(device: Device) -> Any:
    return Authenticator.objects.create(user=device.user, type="totp", data={"secret": SECRET})


def data_key(device: Device) -> DataKey:
    return DataKey.objects.create(
        organization=OrganizationFactory.create(), wrapped_by="file", wrapped=SECRET.encode()
    )


def email_code(device: Device) -> EmailCode:
    return EmailCode.objects.create(
        purpose="REGISTER", email="x@acme.example", code_digest=SECRET, expires_at=timezone.now()
    )


def invite(device: Device) -> Invite:
    return Invite.objects.create(
        organization=OrganizationFactory.create(),
        email="x@acme.example",
        token_digest=SECRET,
        expires_at=timezone.now(),
    )


def access_offer(device: Device) -> AccessOffer:
    return AccessOffer.objects.create(
        organization=OrganizationFactory.create(),
        email="x@acme.example",
        token_digest=SECRET,
        expires_at=timezone.now(),
    )


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

    def test_shows_no_secret_and_no_digest_of_a_sign_in(self, operator: Client) -> None:
        device, token = signed_in().device, personal_token().token
        access, refresh = AccessToken.objects.get(), RefreshToken.objects.get()

        rows = (device.user, device.app, device, token, access, refresh)
        pages = "".join(page_of(operator, row) for row in rows)

        assert device.user.password not in pages
        assert App.objects.get().client_secret not in pages
        assert token.digest not in pages
        assert access.token_checksum not in pages
        assert refresh.token_checksum not in pages

    @pytest.mark.parametrize(
        "make",
        [
            grant,
            repeat,
            idempotent_request,
            authenticator,
            data_key,
            email_code,
            invite,
            access_offer,
        ],
    )
    def test_shows_nothing_of_a_row_that_is_secret(
        self, operator: Client, make: Callable[[Device], Any]
    ) -> None:
        row = make(signed_in().device)

        page = page_of(operator, row)

        assert SECRET not in page

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
