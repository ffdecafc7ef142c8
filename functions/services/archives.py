"""A solution's folder as a zip, read within bounds: one bad name or size refuses it whole."""

import io
import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid, TooLargeAnInput

DEEPEST = 20
LONGEST_NAME = 400
# A folder of text shrinks by ten or so; a hundredfold is a bomb.
HIGHEST_RATIO = 100
SMALLEST_SUSPECT = 1024 * 1024


# What the library raises for a broken, encrypted or exotic zip.
UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
)


class NotAnArchive(Invalid):
    code = "archive_invalid"


class ArchiveTooLarge(TooLargeAnInput):
    code = "archive_too_large"


Files = dict[str, bytes]


def read_archive(archive: bytes) -> Files:
    """Return the files by their path. Raises NotAnArchive or ArchiveTooLarge.

    The sizes that a zip declares are not believed: reading stops at the bound.
    """
    if len(archive) > settings.SOLUTION_MAX_ZIP_BYTES:
        raise ArchiveTooLarge(_("The zip is too large."))
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _check_entries(opened.infolist())
            files = [entry for entry in opened.infolist() if not entry.is_dir()]
            return _read_entries(opened, files)
    except UNREADABLE as error:
        raise NotAnArchive(_("This is not a zip that can be read.")) from error


def read_scripts(archive: bytes) -> dict[str, str]:
    """Return the sources of the scripts in a zip that was read before, by the name of the file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        paths = [path for path in opened.namelist() if is_script(path)]
        return scripts_of({path: opened.read(path) for path in paths})


def scripts_of(files: Files) -> dict[str, str]:
    """Return the sources of a folder's scripts by the name of the file."""
    scripts = {path: content for path, content in files.items() if is_script(path)}
    return {
        PurePosixPath(path).stem: text.decode(errors="replace") for path, text in scripts.items()
    }


def path_of_script(name: str) -> str:
    return f"scripts/expressions/{name}.js"


def is_script(path: str) -> bool:
    """Whether this is `scripts/expressions/NAME.js`."""
    parts = PurePosixPath(path)
    return parts.parent == PurePosixPath("scripts/expressions") and parts.suffix == ".js"


def pack_folder(folder: Path) -> bytes:
    """Return a folder as a zip: no hidden files, and none that a link leads to."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            hidden = any(part.startswith(".") for part in relative.parts)
            if path.is_file() and not path.is_symlink() and not hidden:
                archive.writestr(relative.as_posix(), path.read_bytes())
    return packed.getvalue()


def pack_files(files: Files) -> bytes:
    """Return files by path as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(path, content)
    return packed.getvalue()


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > settings.SOLUTION_MAX_FILES:
        sentence = _("The zip has more than %(most)s files.")
        raise ArchiveTooLarge(sentence % {"most": settings.SOLUTION_MAX_FILES})
    faults = []
    seen: set[str] = set()
    for entry in entries:
        reason = _fault_of_name(entry)
        if not reason and entry.filename.lower() in seen:
            reason = _("Two files have this name.")
        if reason:
            faults.append(FieldFault("", reason, "archive_name", file=entry.filename[:100]))
        seen.add(entry.filename.lower())
    if faults:
        raise NotAnArchive(_("Some names in the zip are refused."), faults=faults)


def _fault_of_name(entry: zipfile.ZipInfo) -> str:
    name, parts = entry.filename, PurePosixPath(entry.filename).parts
    mode = entry.external_attr >> 16
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return _("The name is empty, too long, or has characters that can't be printed.")
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFDIR if entry.is_dir() else stat.S_IFREG):
        return _("Links and special files are refused.")
    if name.startswith("/") or "\\" in name or ":" in name or name.rstrip("/") != "/".join(parts):
        return _("Paths are relative, with forward slashes.")
    if any(part in (".", "..") for part in parts):
        return _("A path stays inside the folder.")
    if len(parts) > DEEPEST:
        return _("The folders are nested too deeply.")
    return ""


def _read_entries(opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Files:
    files: Files = {}
    left = settings.SOLUTION_MAX_BYTES
    for entry in entries:
        with opened.open(entry) as file:
            content = file.read(left + 1)
        suspect = len(content) > SMALLEST_SUSPECT
        if len(content) > left or (
            suspect and len(content) > HIGHEST_RATIO * max(entry.compress_size, 1)
        ):
            raise ArchiveTooLarge(_("The zip unpacks to too much."))
        left -= len(content)
        files[entry.filename] = content
    return files
