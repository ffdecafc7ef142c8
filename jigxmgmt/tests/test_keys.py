"""Key files: made once, readable by their owner alone."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jigxmgmt.keys import KeyUnavailable, decode_keys, read_or_make_key, require_key_arns


class TestReadOrMakeKey:
    def test_makes_256_bits_for_the_owner_s_eyes(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "keys" / "vault.key"

        (key,) = read_or_make_key(path)

        assert len(decode_keys([key], name="K")[0]) == 32
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700

    def test_reads_what_it_made(self, tmp_path: Path) -> None:
        assert read_or_make_key(tmp_path / "k") == read_or_make_key(tmp_path / "k")

    def test_makes_no_two_alike(self, tmp_path: Path) -> None:
        assert read_or_make_key(tmp_path / "a") != read_or_make_key(tmp_path / "b")

    def test_leaves_no_draft_behind(self, tmp_path: Path) -> None:
        read_or_make_key(tmp_path / "k")

        assert [path.name for path in tmp_path.iterdir()] == ["k"]

    def test_reads_several_newest_first(self, tmp_path: Path) -> None:
        (tmp_path / "k").write_text("new\nold\n")

        assert read_or_make_key(tmp_path / "k") == ["new", "old"]

    def test_gives_all_who_start_together_the_same(self, tmp_path: Path) -> None:
        together = threading.Barrier(8)

        def start(_: int) -> list[str]:
            together.wait(timeout=10)
            return read_or_make_key(tmp_path / "k")

        with ThreadPoolExecutor(8) as threads:
            keys = list(threads.map(start, range(8)))

        assert keys == [read_or_make_key(tmp_path / "k")] * 8

    def test_says_in_a_sentence_why_not(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        with pytest.raises(KeyUnavailable, match="DATA_DIR"):
            read_or_make_key(tmp_path / "file" / "k")

    def test_makes_no_new_key_in_place_of_one_that_was_emptied(self, tmp_path: Path) -> None:
        (tmp_path / "k").write_text(" \n")

        with pytest.raises(KeyUnavailable, match="empty"):
            read_or_make_key(tmp_path / "k")


class TestDecodeKeys:
    @pytest.mark.parametrize("length", [0, 16, 31, 33])
    def test_refuses_another_length(self, length: int) -> None:
        with pytest.raises(KeyUnavailable, match="32 bytes"):
            decode_keys([base64.urlsafe_b64encode(bytes(length)).decode()], name="K")

    def test_refuses_what_is_no_base64_without_showing_it(self) -> None:
        with pytest.raises(KeyUnavailable, match="K holds") as refused:
            decode_keys(["almost-a-key"], name="K")

        assert "almost" not in str(refused.value)

    def test_refuses_none(self) -> None:
        with pytest.raises(KeyUnavailable):
            decode_keys([], name="K")


class TestRequireKeyArns:
    def test_takes_whole_arns_and_none(self) -> None:
        require_key_arns(["", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-12ab"])

    @pytest.mark.parametrize(
        "name", ["alias/vault", "12ab-34cd", "arn:aws:kms:eu-central-1:111122223333:alias/vault"]
    )
    def test_refuses_other_names(self, name: str) -> None:
        with pytest.raises(KeyUnavailable, match=name):
            require_key_arns([name])
