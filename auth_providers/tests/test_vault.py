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
