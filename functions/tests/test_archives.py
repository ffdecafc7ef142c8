import io
import zipfile
from pathlib import Path

import pytest
from pytest_django import Settings

from functions.services.archives import ArchiveTooLarge, NotAnArchive, pack_folder, read_archive


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content, compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()


class TestReadArchive:
    def test_returns_files_by_path(self) -> None:
        assert read_archive(zipped(("a/b.jigx", b"x"), ("c", b""))) == {"a/b.jigx": b"x", "c": b""}

    @pytest.mark.parametrize(
        "name",
        ["../a", "a/../../b", "/etc/passwd", "a\\..\\b", "C:/a", "a//b", "./a", "a\nb", "d/" * 30],
    )
    def test_refuses_a_name_that_leads_out(self, name: str) -> None:
        with pytest.raises(NotAnArchive) as refused:
            read_archive(zipped((name if not name.endswith("/") else name + "f", b"x")))

        assert refused.value.faults[0].code == "archive_name"

    def test_refuses_a_link(self) -> None:
        link = zipfile.ZipInfo("link")
        link.create_system, link.external_attr = 3, 0o120777 << 16

        with pytest.raises(NotAnArchive):
            read_archive(zipped((link, b"/etc/passwd")))

    def test_refuses_a_file_without_a_name(self) -> None:
        nameless = zipfile.ZipInfo("x")
        nameless.filename = ""
        nameless.external_attr = 0o100644 << 16

        with pytest.raises(NotAnArchive):
            read_archive(zipped((nameless, b"1")))

    def test_refuses_two_names_that_one_disk_would_hold_for_one(self) -> None:
        with pytest.raises(NotAnArchive):
            read_archive(zipped(("a.jigx", b"1"), ("A.jigx", b"2")))

    # A zip holds the time of day, which would be in the name of a test.
    @pytest.mark.parametrize(
        "content",
        [b"", b"not a zip", zipped(("a", b"x" * 99))[:-30]],
        ids=["empty", "text", "cut off"],
    )
    def test_refuses_what_is_no_zip(self, content: bytes) -> None:
        with pytest.raises(NotAnArchive):
            read_archive(content)

    def test_refuses_a_zip_whose_content_is_broken(self) -> None:
        content = bytearray(zipped(("a", bytes(range(256)) * 8)))
        content[40:60] = b"\xff" * 20

        with pytest.raises(NotAnArchive):
            read_archive(bytes(content))

    def test_refuses_a_bomb(self) -> None:
        with pytest.raises(ArchiveTooLarge):
            read_archive(zipped(("bomb", bytes(30 * 1024 * 1024))))

    def test_bounds_count_and_sizes(self, settings: Settings) -> None:
        content = zipped(("a", b"12345"), ("b", b"12345"))

        settings.SOLUTION_MAX_FILES = 1
        with pytest.raises(ArchiveTooLarge):
            read_archive(content)
        settings.SOLUTION_MAX_FILES, settings.SOLUTION_MAX_BYTES = 2, 9
        with pytest.raises(ArchiveTooLarge):
            read_archive(content)
        settings.SOLUTION_MAX_BYTES, settings.SOLUTION_MAX_ZIP_BYTES = 10, len(content) - 1
        with pytest.raises(ArchiveTooLarge):
            read_archive(content)
        settings.SOLUTION_MAX_ZIP_BYTES = len(content)
        assert len(read_archive(content)) == 2


class TestPackFolder:
    def test_leaves_out_hidden_files_and_links(self, tmp_path: Path) -> None:
        (tmp_path / "functions").mkdir()
        (tmp_path / "functions" / "a.jigx").write_text("x")
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text("x")
        (tmp_path / "link").symlink_to("/etc/passwd")

        assert read_archive(pack_folder(tmp_path)) == {"functions/a.jigx": b"x"}
