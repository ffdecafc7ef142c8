"""Seeds of authenticator apps and recovery codes are sealed, and work as they did."""

import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, TOTP, format_hotp_value, hotp_value
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from auth_providers.models import InstallationKey
from auth_providers.services.installation_secrets import open_seed, seal_seed
from auth_providers.services.vault import key_provider
from auth_providers.vault import SealBroken, new_data_key
from orgs.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _still() -> Iterator[None]:
    """Stop the clock: a code lasts to the end of its half minute."""
    with time_machine.travel(time.time(), tick=False):
        yield


def code_of(seed: str) -> str:
    """Return what the authenticator app shows now."""
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30)))


def database_text() -> str:
    """Return every row of every table."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found += cursor.fetchall()
    return repr(found)


class TestSeeds:
    def test_of_an_app_that_is_set_up_on_the_page_are_nowhere_plain(self, client: Client) -> None:
        user = UserFactory.create()
        client.force_login(user)
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        client.get(reverse("mfa_activate_totp"))
        seed = client.session[SECRET_SESSION_KEY]

        client.post(reverse("mfa_activate_totp"), {"code": code_of(seed)})

        kept = Authenticator.objects.get(user=user, type="totp").data["secret"]
        assert open_seed(kept) == seed
        assert seed not in database_text()
        assert SECRET_SESSION_KEY not in client.session  # which the table keeps encoded

    def test_give_codes_that_are_taken(self) -> None:
        totp = TOTP.activate(UserFactory.create(), SEED)

        assert totp.validate_code(code_of(SEED))

    def test_of_recovery_codes_are_sealed_too(self) -> None:
        codes = RecoveryCodes.activate(UserFactory.create())

        seed = open_seed(codes.instance.data["seed"])

        assert len(seed) == 80
        assert seed not in database_text()
        assert codes.validate_code(codes.get_unused_codes()[0])

    @pytest.mark.parametrize("text", [SEED, "", "vault1.", "vault1.1.x", "vault1.one.AAAA"])
    def test_are_taken_only_sealed(self, text: str) -> None:
        seal_seed(SEED)

        with pytest.raises(SealBroken):
            TOTP(Authenticator(data={"secret": text})).validate_code("123456")

    def test_are_lost_with_their_key(self) -> None:
        sealed = seal_seed(SEED)
        InstallationKey.objects.all().delete()

        with pytest.raises(SealBroken):
            open_seed(sealed)


class TestMigration:
    """Of seeds that an older version kept as they are."""

    @pytest.fixture
    def migrate(self) -> Any:
        migration = import_module("auth_providers.migrations.0007_sealed_seeds")
        return lambda: migration.seal_seeds(apps, None)

    def test_seals_them_and_leaves_the_rest(self, migrate: Any) -> None:
        user = UserFactory.create()
        totp = Authenticator.objects.create(user=user, type="totp", data={"secret": SEED})
        old = {"migrated_codes": ["11112222", "33334444"], "used_mask": 3, "viewed_at": 1.5}
        codes = Authenticator.objects.create(user=user, type="recovery_codes", data=old)
        passkey = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Key"})

        migrate()

        for row in (totp, codes, passkey):
            row.refresh_from_db()
        assert TOTP(totp).validate_code(code_of(SEED))
        assert RecoveryCodes(codes).get_unused_codes() == ["11112222", "33334444"]
        assert (codes.data["used_mask"], codes.data["viewed_at"]) == (3, 1.5)
        assert passkey.data == {"name": "Key"}
        assert not [plain for plain in (SEED, "11112222") if plain in database_text()]

    def test_runs_twice_unharmed(self, migrate: Any) -> None:
        totp = Authenticator.objects.create(
            user=UserFactory.create(), type="totp", data={"secret": SEED}
        )
        migrate()
        totp.refresh_from_db()
        before = totp.data

        migrate()

        totp.refresh_from_db()
        assert totp.data == before
        assert InstallationKey.objects.count() == 1


class TestVaultAway:
    @pytest.fixture
    def lost(self, settings: Settings) -> Iterator[None]:
        """Have a key file that lacks the key in use."""
        seal_seed(SEED)
        settings.VAULT_KEYS = [new_data_key()]
        key_provider.cache_clear()
        yield
        key_provider.cache_clear()

    def test_is_told_on_the_page_as_a_part_that_is_away(self, lost: None, client: Client) -> None:
        user = UserFactory.create()
        client.force_login(user)
        client.raise_request_exception = False
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
        client.get(reverse("mfa_activate_totp"))
        seed = client.session[SECRET_SESSION_KEY]

        answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(seed)})

        assert answer.status_code == 503
        assert not Authenticator.objects.exists()
