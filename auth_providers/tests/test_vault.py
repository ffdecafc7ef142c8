from dataclasses import replace

import pytest

from auth_providers.vault import (
    KeyMissing,
    LocalKeyProvider,
    Place,
    SealBroken,
    new_data_key,
    seal,
    unseal,
)
from auth_providers.vault.keyring import Keyring, Remembering

PLACE = Place(organization="o1", model="functions.credential", row="r1", field="sealed")


class TestSeal:
    def test_opens_at_its_place(self) -> None:
        key = new_data_key()

        assert unseal(seal(b"s3cret", data_key=key, place=PLACE), data_key=key, place=PLACE) == (
            b"s3cret"
        )

    @pytest.mark.parametrize("part", ["organization", "model", "row", "field"])
    def test_is_refused_at_another_place(self, part: str) -> None:
        key = new_data_key()
        sealed = seal(b"s3cret", data_key=key, place=PLACE)

        with pytest.raises(SealBroken):
            unseal(sealed, data_key=key, place=replace(PLACE, **{part: "other"}))

    def test_tells_places_apart_whose_parts_run_together_alike(self) -> None:
        key = new_data_key()
        sealed = seal(b"s3cret", data_key=key, place=Place("a", "bc", "d", "e"))

        with pytest.raises(SealBroken):
            unseal(sealed, data_key=key, place=Place("ab", "c", "d", "e"))

    @pytest.mark.parametrize("broken", [b"", b"\x01", b"\x02" + bytes(40), b"\x01" + bytes(40)])
    def test_is_refused_when_it_is_none(self, broken: bytes) -> None:
        with pytest.raises(SealBroken):
            unseal(broken, data_key=new_data_key(), place=PLACE)


class TestLocalKeyProvider:
    def test_unwraps_what_an_older_key_wrapped(self) -> None:
        old, new, data_key = new_data_key(), new_data_key(), new_data_key()
        key_id, wrapped = LocalKeyProvider([old]).wrap(data_key, organization="o1")

        rotated = LocalKeyProvider([new, old])

        assert rotated.unwrap(wrapped, key_id=key_id, organization="o1") == data_key
        assert rotated.wrap(data_key, organization="o1")[0] != key_id

    def test_says_which_key_is_missing(self) -> None:
        key_id, wrapped = LocalKeyProvider([new_data_key()]).wrap(b"k" * 32, organization="o1")

        with pytest.raises(KeyMissing, match=key_id):
            LocalKeyProvider([new_data_key()]).unwrap(wrapped, key_id=key_id, organization="o1")

    def test_binds_a_data_key_to_its_organization(self) -> None:
        provider = LocalKeyProvider([new_data_key()])
        key_id, wrapped = provider.wrap(new_data_key(), organization="o1")

        with pytest.raises(SealBroken):
            provider.unwrap(wrapped, key_id=key_id, organization="o2")


class Counting:
    """A provider of one key that counts how often it was asked."""

    newest = "far:1"

    def __init__(self) -> None:
        self.asked = 0

    def holds(self, key_id: str) -> bool:
        return key_id == self.newest

    def wrap(self, data_key: bytes, *, organization: str) -> tuple[str, bytes]:
        return self.newest, data_key[::-1]

    def unwrap(self, wrapped: bytes, *, key_id: str, organization: str) -> bytes:
        self.asked += 1
        return wrapped[::-1]


class TestKeyring:
    def test_wraps_by_the_first_and_unwraps_by_each(self) -> None:
        local = LocalKeyProvider([new_data_key()])
        key_id, wrapped = local.wrap(b"k" * 32, organization="o1")
        keyring = Keyring([Counting(), local])

        assert keyring.newest == keyring.wrap(b"k" * 32, organization="o1")[0] == "far:1"
        assert keyring.unwrap(wrapped, key_id=key_id, organization="o1") == b"k" * 32

    def test_names_a_key_that_no_provider_holds(self) -> None:
        keyring = Keyring([LocalKeyProvider([new_data_key()])])

        with pytest.raises(KeyMissing, match="far:1"):
            keyring.unwrap(b"", key_id="far:1", organization="o1")

    def test_waits_for_nobody_where_the_key_is_near_or_remembered(self) -> None:
        keyring = Keyring([Remembering(Counting()), LocalKeyProvider([b"k" * 32])])
        local = LocalKeyProvider([b"k" * 32]).newest

        assert keyring.is_at_hand(b"abc", key_id=local, organization="o1")
        assert not keyring.is_at_hand(b"abc", key_id="far:1", organization="o1")
        keyring.unwrap(b"abc", key_id="far:1", organization="o1")
        assert keyring.is_at_hand(b"abc", key_id="far:1", organization="o1")
        keyring.forget("o1")
        assert not keyring.is_at_hand(b"abc", key_id="far:1", organization="o1")


class TestRemembering:
    def ask(self, provider: Remembering, wrapped: bytes = b"abc", organization: str = "o1") -> None:
        assert provider.unwrap(wrapped, key_id="far:1", organization=organization) == wrapped[::-1]

    def test_asks_once_for_one_key_of_one_organization(self) -> None:
        far = Counting()
        provider = Remembering(far)

        for organization in ("o1", "o1", "o2"):
            self.ask(provider, organization=organization)

        assert far.asked == 2

    def test_asks_again_when_its_time_has_passed(self) -> None:
        far, now = Counting(), [0.0]
        provider = Remembering(far, seconds=10, clock=lambda: now[0])

        for moment in (0.0, 9.9, 10.0):
            now[0] = moment
            self.ask(provider)

        assert far.asked == 2

    def test_keeps_the_newest_of_too_many(self) -> None:
        far = Counting()
        provider = Remembering(far, most=2)

        for wrapped in (b"1a", b"2b", b"3c", b"3c", b"2b", b"1a"):
            self.ask(provider, wrapped)

        assert far.asked == 4

    def test_forgets_one_organization(self) -> None:
        far = Counting()
        provider = Remembering(far)
        self.ask(provider)
        self.ask(provider, organization="o2")

        provider.forget("o1")

        self.ask(provider, organization="o2")
        assert far.asked == 2
        self.ask(provider)
        assert far.asked == 3

    def test_shows_no_key(self) -> None:
        provider = Remembering(Counting())
        self.ask(provider, b"secret")

        assert "terces" not in repr(provider)
