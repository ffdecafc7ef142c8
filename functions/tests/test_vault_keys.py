"""Keys are changed and nothing is lost; secrets are shredded and nothing is left."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.core.management import CommandError, call_command
from django.db.models import BinaryField, ForeignKey
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from auth_providers.models import DataKey, InstallationKey, OutsideGrant
from auth_providers.models.vault import WrappedKey
from auth_providers.services.installation_secrets import open_seed, seal_seed
from auth_providers.services.keys_in_use import missing_keys
from auth_providers.services.sealed_rows import declared_rows
from auth_providers.services.shredding import shred_organization_secrets
from auth_providers.services.vault import VaultKeyMissing, key_provider, newest_data_key
from auth_providers.services.vault_keys import (
    HELD,
    drop_superseded_keys,
    rewrap_data_keys,
    rotate_data_key,
    rotate_installation_key,
)
from auth_providers.vault import new_data_key
from functions.models import Credential, CredentialStamp
from functions.tests.factories import save_secret
from functions.tests.vaults import PLAIN, Sealed, sealed_everywhere, with_keys
from orgs.models import AuditEvent, Organization
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db
OLD, NEW = new_data_key(), new_data_key()


@pytest.fixture(autouse=True)
def _old_key(settings: Settings) -> Iterator[None]:
    """Begin with one wrapping key."""
    with_keys(settings, OLD)
    yield
    key_provider.cache_clear()


@pytest.fixture
def sealed(db: None) -> Sealed:
    return sealed_everywhere()


def stamp_of(sealed: Sealed) -> int:
    return CredentialStamp.objects.get(solution=sealed.solution).number


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("created_at").values_list("act", flat=True))


def run(name: str, *arguments: str) -> str:
    output = StringIO()
    call_command(name, *arguments, stdout=output)
    return output.getvalue().strip()


class TestDeclaredRows:
    def test_name_every_place_where_something_is_sealed(self) -> None:
        declared = {(rows.model, *sorted(rows.fields)) for rows in declared_rows()}

        found = set()
        for model in apps.get_models():
            names = sorted(
                field.name
                for field in model._meta.local_fields
                if isinstance(field, BinaryField) and field.name.startswith("sealed")
            )
            keys = [
                field
                for field in model._meta.local_fields
                if isinstance(field, ForeignKey) and field.related_model is DataKey
            ]
            if names or keys:
                found.add((model._meta.label, *names))
        assert found == declared

    def test_name_fields_that_are_there(self) -> None:
        for rows in declared_rows():
            meta = apps.get_model(rows.model)._meta
            assert meta.get_field(rows.data_key).related_model is DataKey
            assert {type(meta.get_field(name)) for name in rows.fields} == {BinaryField}


class TestRewrapDataKeys:
    def test_lets_the_former_key_go(self, sealed: Sealed, settings: Settings) -> None:
        seed = seal_seed("JBSWY3DP")
        with_keys(settings, NEW, OLD)

        assert rewrap_data_keys().rewrapped == 2

        newest = with_keys(settings, NEW).newest
        for model in (DataKey, InstallationKey):
            assert model.objects.get().wrapped_by == newest
        assert sealed.opened() == PLAIN
        assert open_seed(seed) == "JBSWY3DP"
        assert acts().count("data_key.rewrap") == 2

    def test_does_nothing_twice(self, sealed: Sealed, settings: Settings) -> None:
        with_keys(settings, NEW, OLD)
        rewrap_data_keys()
        before = bytes(DataKey.objects.get().wrapped)

        assert rewrap_data_keys().rewrapped == 0
        assert bytes(DataKey.objects.get().wrapped) == before

    def test_makes_workers_read_the_keys_again(self, sealed: Sealed, settings: Settings) -> None:
        before = stamp_of(sealed)
        with_keys(settings, NEW, OLD)

        rewrap_data_keys()

        assert stamp_of(sealed) > before

    def test_leaves_and_names_what_it_cannot_unwrap(
        self, sealed: Sealed, settings: Settings
    ) -> None:
        other = newest_data_key(OrganizationFactory.create())
        DataKey.objects.filter(pk=other.pk).update(wrapped_by="local:gone")
        with_keys(settings, NEW, OLD)

        done = rewrap_data_keys()

        assert (done.rewrapped, done.left) == (1, [other])
        with pytest.raises(CommandError, match=str(other)):
            run("rotate_kek")


class TestRotateDataKey:
    def test_seals_everything_anew(self, sealed: Sealed) -> None:
        before, stamp = sealed.ciphertexts(), stamp_of(sealed)

        done = rotate_data_key(sealed.organization, now=timezone.now())

        assert (done.resealed, done.broken, done.waiting) == (4, 0, 1)
        assert sealed.opened() == PLAIN
        assert not set(before) & set(sealed.ciphertexts())
        assert {row.data_key.number for row in (sealed.grant,)} == {2}
        assert stamp_of(sealed) > stamp
        assert "data_key.rotate" in acts()

    def test_leaves_other_organizations_alone(self, sealed: Sealed) -> None:
        other = sealed_everywhere()
        before = other.ciphertexts()

        rotate_data_key(sealed.organization, now=timezone.now())

        assert other.ciphertexts() == before

    def test_does_nothing_where_nothing_was_sealed(self) -> None:
        organization = OrganizationFactory.create()

        assert rotate_data_key(organization, now=timezone.now()).resealed == 0
        assert not organization.data_keys.exists()

    def test_goes_past_a_value_that_is_broken(self, sealed: Sealed) -> None:
        Credential.objects.update(sealed=b"\x01 moved from elsewhere")

        done = rotate_data_key(sealed.organization, now=timezone.now())

        assert (done.resealed, done.broken) == (3, 1)
        assert drop_superseded_keys(now=timezone.now() + HELD) == 0

    def test_seals_seeds_anew(self, totp: Any) -> None:
        before = dict(totp.data)

        done = rotate_installation_key(now=timezone.now())

        totp.refresh_from_db()
        assert done.resealed == 1
        assert totp.data["secret"] != before["secret"]
        assert open_seed(totp.data["secret"]) == "JBSWY3DP"
        assert totp.data["more"] == before["more"]

    @pytest.fixture
    def totp(self, sealed: Sealed) -> Any:
        return sealed.owner.authenticator_set.create(
            type="totp", data={"secret": seal_seed("JBSWY3DP"), "more": 3}
        )


class TestDropSupersededKeys:
    def test_waits_for_who_may_still_save(self, sealed: Sealed) -> None:
        now = timezone.now()
        rotate_data_key(sealed.organization, now=now)

        assert drop_superseded_keys(now=now) == 0
        assert drop_superseded_keys(now=now + HELD) == 1
        assert sealed.organization.data_keys.get().number == 2
        assert sealed.opened() == PLAIN
        assert "data_key.drop" in acts()

    def test_seals_anew_what_was_saved_late(self, sealed: Sealed) -> None:
        now, late = timezone.now(), sealed.configuration
        rotate_data_key(sealed.organization, now=now)
        late.save()  # as a request does that read the row before

        assert drop_superseded_keys(now=now + HELD) == 1
        assert sealed.opened() == PLAIN

    def test_drops_the_installations_own(self, sealed: Sealed) -> None:
        row = sealed.owner.authenticator_set.create(
            type="totp", data={"secret": seal_seed("JBSWY3DP")}
        )
        now = timezone.now()
        rotate_installation_key(now=now)

        assert drop_superseded_keys(now=now + HELD) == 1
        row.refresh_from_db()
        assert open_seed(row.data["secret"]) == "JBSWY3DP"


class TestShredOrganizationSecrets:
    def test_leaves_nothing_to_open(self, sealed: Sealed) -> None:
        stamp = stamp_of(sealed)

        counts = shred_organization_secrets(sealed.organization)

        assert set(counts.values()) == {1}
        assert not sealed.organization.data_keys.exists()
        assert not OutsideGrant.objects.exists()
        sealed.credential.refresh_from_db()
        sealed.connection.refresh_from_db()
        sealed.configuration.refresh_from_db()
        assert sealed.credential.sealed is sealed.configuration.sealed_secret is None
        assert (sealed.connection.sealed, sealed.connection.has_secret) == (None, False)
        assert stamp_of(sealed) > stamp
        assert "organization.shred_secrets" in acts()

    def test_leaves_others_as_they_are(self, sealed: Sealed) -> None:
        other = sealed_everywhere()

        shred_organization_secrets(sealed.organization)

        assert other.opened() == PLAIN

    def test_lets_the_organization_seal_again(self, sealed: Sealed) -> None:
        shred_organization_secrets(sealed.organization)

        save_secret(sealed.solution, by=sealed.owner)

        assert sealed.organization.data_keys.count() == 1


class TestOrganization:
    def test_can_be_deleted_with_all_that_it_sealed(self, sealed: Sealed) -> None:
        Organization.objects.get(pk=sealed.organization.pk).delete()

        assert not DataKey.objects.exists()
        assert not Credential.objects.exists()


class TestMissingKeys:
    @pytest.fixture
    def lost(self, sealed: Sealed, settings: Settings) -> WrappedKey:
        with_keys(settings, NEW)
        return sealed.organization.data_keys.get()

    def test_are_those_in_use_that_nobody_named(self, lost: WrappedKey) -> None:
        assert missing_keys() == [lost.wrapped_by]

    def test_make_opening_a_refusal(self, lost: WrappedKey, sealed: Sealed) -> None:
        with pytest.raises(VaultKeyMissing):
            sealed.opened()

    def test_are_told_by_the_system_check(self, lost: WrappedKey) -> None:
        messages = checks.run_checks(tags=["database"], databases=["default"])

        (message,) = (one for one in messages if one.id == "auth_providers.E001")
        assert lost.wrapped_by in message.msg
        assert "VAULT_KEY" in message.msg

    @pytest.mark.django_db(transaction=True)  # the view looks from a thread of its own
    def test_are_told_by_the_readiness(self, lost: WrappedKey, client: Client) -> None:
        assert client.get("/readyz").json()["parts"]["vault"] == "1 missing"

    def test_are_none_when_all_is_well(self, sealed: Sealed) -> None:
        assert missing_keys() == []
        assert not [
            one
            for one in checks.run_checks(tags=["database"], databases=["default"])
            if one.id and one.id.startswith("auth_providers")
        ]


class TestCommands:
    def test_rotate_and_count(self, sealed: Sealed, settings: Settings) -> None:
        with_keys(settings, NEW, OLD)

        assert json.loads(run("rotate_kek")) == {"rewrapped": 1}
        own = json.loads(run("rotate_dek", "--organization", str(sealed.organization)))
        assert own == {"resealed": 4, "broken": 0, "dropped": 0, "waiting": 1}
        assert json.loads(run("rotate_dek", "--all"))["resealed"] == 4

    def test_shred_when_the_name_is_typed(
        self, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", StringIO(f"{sealed.organization.name}\n"))

        answer = json.loads(run("shred", "--organization", str(sealed.organization.pk)))

        assert answer["shredded"]["functions.Credential"] == 1

    def test_shred_nothing_for_another_name(
        self, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", StringIO("Somebody else\n"))

        with pytest.raises(CommandError, match="Nothing was changed"):
            run("shred", "--organization", str(sealed.organization.pk))
        assert sealed.opened() == PLAIN

    @pytest.mark.parametrize("name", ["rotate_dek", "shred"])
    def test_refuse_an_organization_that_is_not_there(self, name: str) -> None:
        with pytest.raises(CommandError, match="no organization"):
            run(name, "--organization", "Nobody")

    def test_shred_without_asking(self, sealed: Sealed) -> None:
        run("shred", "--organization", str(sealed.organization.pk), "--yes")

        assert not DataKey.objects.exists()
