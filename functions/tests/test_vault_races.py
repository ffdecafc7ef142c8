"""Secrets are saved and opened while their keys are changed, on a database that lets them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import IntegrityError, connection
from django.utils import timezone

from auth_providers.models import InstallationKey, OutsideGrant
from auth_providers.services.configuration_secrets import client_secret_of, put_client_secret
from auth_providers.services.grant_tokens import access_token_of
from auth_providers.services.installation_secrets import open_seed
from auth_providers.services.shredding import SavedMeanwhile, shred_organization_secrets
from auth_providers.services.vault_keys import (
    HELD,
    drop_superseded_keys,
    rotate_data_key,
    rotate_installation_key,
)
from functions.services.credentials import secret_of
from functions.tests.factories import save_secret
from functions.tests.vaults import Sealed, sealed_everywhere

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
ROTATIONS = 6


def beside(rotate: Callable[[], Any], *others: Callable[[int], Any]) -> None:
    """Rotate some times while each of the others goes on and on, once at least."""
    over = threading.Event()

    def go_on(act: Callable[[int], Any]) -> int:
        number = 0
        try:
            while not over.is_set() or number == 0:
                number += 1
                act(number)
        finally:
            connection.close()
        return number

    with ThreadPoolExecutor(len(others)) as threads:
        running: list[Future[int]] = [threads.submit(go_on, act) for act in others]
        try:
            for _ in range(ROTATIONS):
                rotate()
        finally:
            over.set()
        for future in running:
            future.result()


def far_on() -> datetime:
    """Return a moment at which every superseded key may go."""
    return timezone.now() + HELD


class TestRotateDataKey:
    def test_loses_nothing_that_is_saved_meanwhile(self) -> None:
        sealed, saved = sealed_everywhere(), {}

        def save_credential(number: int) -> None:
            saved["credential"] = f"secret-{number}"
            save_secret(sealed.solution, by=sealed.owner, secret=f"secret-{number}")

        def save_configuration(number: int) -> None:
            saved["configuration"] = f"client-{number}"
            row = type(sealed.configuration).objects.get(pk=sealed.configuration.pk)
            put_client_secret(row, f"client-{number}", by=sealed.owner, now=timezone.now())
            row.save()

        def read(_: int) -> None:
            row = OutsideGrant.objects.select_related("data_key").get(pk=sealed.grant.pk)
            assert access_token_of(row) == "access-1"

        beside(
            lambda: rotate_data_key(sealed.organization, now=timezone.now()),
            save_credential,
            save_configuration,
            read,
        )
        drop_superseded_keys(now=far_on())

        sealed.opened()
        assert secret_of(sealed.credential) == saved["credential"]
        assert client_secret_of(sealed.configuration) == saved["configuration"]
        assert access_token_of(sealed.grant) == "access-1"
        assert sealed.organization.data_keys.count() == 1

    def test_may_run_twice_at_once(self) -> None:
        sealed = sealed_everywhere()
        before = sealed.opened()

        beside(
            lambda: rotate_data_key(sealed.organization, now=timezone.now()),
            lambda _: rotate_data_key(sealed.organization, now=timezone.now()),
        )
        drop_superseded_keys(now=far_on())

        assert sealed.opened() == before
        assert sealed.organization.data_keys.count() == 1


class TestRotateInstallationKey:
    def test_keeps_count_of_recovery_codes_that_are_spent_meanwhile(self) -> None:
        user = sealed_everywhere().owner
        codes = RecoveryCodes.activate(user).get_unused_codes()
        left = iter(codes[:-1])

        def spend(_: int) -> None:
            code = next(left, None)
            if code is not None:
                row = Authenticator.objects.get(user=user)
                assert RecoveryCodes(row).validate_code(code)

        beside(lambda: rotate_installation_key(now=timezone.now()), spend)
        drop_superseded_keys(now=far_on())

        row = Authenticator.objects.get(user=user)
        assert open_seed(row.data["seed"])
        assert RecoveryCodes(row).get_unused_codes() == [*left, codes[-1]]
        assert InstallationKey.objects.count() == 1


class TestShred:
    def test_leaves_nothing_half_sealed(self) -> None:
        sealed = sealed_everywhere()

        def shred() -> None:
            with suppress(SavedMeanwhile):
                shred_organization_secrets(sealed.organization)

        beside(shred, lambda number: save(sealed, f"secret-{number}"))
        shred_organization_secrets(sealed.organization)

        assert not sealed.organization.data_keys.exists()
        sealed.credential.refresh_from_db()
        assert sealed.credential.sealed is None


def save(sealed: Sealed, secret: str) -> None:
    """Save a secret, or lose it to who shreds it in this very moment."""
    with suppress(IntegrityError):
        save_secret(sealed.solution, by=sealed.owner, secret=secret)
