"""Editing one file of a live folder: each save is a version, on top of the one that was read."""

from django.db.models import F
from django.utils.translation import gettext as _

from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import Files, pack_files, path_of_script, read_archive
from functions.services.definitions import scripts_of_version
from functions.services.publishing import (
    CheckedSolution,
    PublishedMeanwhile,
    check_solution,
    find_version,
    is_function,
    publish_solution,
    usable_by,
)
from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Solution, User


class NoSuchFile(NotFound):
    code = "file_unknown"


class NotAFunctionFile(Invalid):
    code = "path_invalid"


class PathTaken(Conflict):
    code = "path_taken"


class NothingChanged(Conflict):
    code = "nothing_changed"


def read_file(solution: Solution, path: str, *, version: int) -> str:
    """Return a function's file of this version as text; raises NoSuchVersion or NoSuchFile."""
    return _lines_as_typed(_content(files_of(solution, version), path))


def publish_file(
    solution: Solution, *, path: str, text: str, based_on: int, by: User
) -> PublishedVersion:
    """Publish the folder of a version with this one file changed, or back in it.

    Raises NotAllowed, NotAFunctionFile, NothingChanged, PublishedMeanwhile when that version is
    no longer live, and what publish_solution raises.
    """
    files = _open_folder(solution, based_on, by=by)
    _require_function(path)
    before = files.get(path, b"")
    content = text.encode()
    if b"\r\n" in before:
        content = content.replace(b"\n", b"\r\n")
    if path in files and before.removeprefix(b"\xef\xbb\xbf") == content:
        raise NothingChanged(_("Nothing has changed."))
    return _publish(solution, files | {path: content}, based_on, by=by)


def add_file(
    solution: Solution, *, path: str, text: str, based_on: int, by: User
) -> PublishedVersion:
    """Publish the folder of a version, or none before the first, with one more function.

    Raises NotAllowed, NotAFunctionFile, PathTaken, PublishedMeanwhile, and what publish_solution
    raises.
    """
    files = _open_folder(solution, based_on, by=by)
    _require_function(path)
    if path.lower() in {known.lower() for known in files}:
        sentence = _("There is a file of this name.")
        raise PathTaken(sentence, faults=[FieldFault("/path", sentence, "path_taken")])
    return _publish(solution, files | {path: text.encode()}, based_on, by=by)


def remove_file(solution: Solution, *, path: str, based_on: int, by: User) -> PublishedVersion:
    """Publish the folder of a version without this function.

    Raises NotAllowed, NoSuchFile, PublishedMeanwhile, and what publish_solution raises.
    """
    files = _open_folder(solution, based_on, by=by)
    _content(files, path)
    rest = {known: content for known, content in files.items() if known != path}
    return _publish(solution, rest, based_on, by=by)


def check_file(solution: Solution, *, path: str, text: str, by: User) -> CheckedSolution:
    """Check a text as publishing it in the live folder would; nothing of it is kept.

    The other functions were checked when they were published: of them only the ids are asked.

    Raises NotAllowed.
    """
    policies.require_in_solution(by, policies.SolutionAct.PUBLISH, solution)
    folder = _live_scripts(solution) | {path: text.encode()}
    others = FunctionDefinition.objects.live().filter(version__solution=solution)
    # Compared here: a path is what somebody sent, and PostgreSQL takes no null character.
    beside = {name: known for name, known in others.values_list("name", "path") if known != path}
    return check_solution(folder, usable=usable_by(solution), beside=beside)


def files_of(solution: Solution, number: int) -> Files:
    """Return the folder of a version, an empty one before the first; raises NoSuchVersion."""
    if number == 0:
        return {}
    return read_archive(bytes(find_version(solution, number).archive))


def _live_scripts(solution: Solution) -> Files:
    live = solution.versions.filter(number=F("solution__version")).values_list("pk", flat=True)
    return {
        path_of_script(name): source.encode()
        for version in live
        for name, source in scripts_of_version(version).items()
    }


def _open_folder(solution: Solution, based_on: int, *, by: User) -> Files:
    """Return a live version's folder to somebody who may publish the next."""
    policies.require_in_solution(by, policies.SolutionAct.PUBLISH, solution)
    live = Solution.objects.filter(pk=solution.pk).values_list("version", flat=True).first()
    if live != based_on:
        raise PublishedMeanwhile(_("Somebody else has just published this solution."))
    return files_of(solution, based_on)


def _require_function(path: str) -> None:
    if not is_function(path):
        sentence = _("A function's file is in the folder functions and ends in .jigx.")
        raise NotAFunctionFile(sentence, faults=[FieldFault("/path", sentence, "path_invalid")])


def _content(files: Files, path: str) -> bytes:
    if not is_function(path) or path not in files:
        raise NoSuchFile(_("There is no file of this name."))
    return files[path]


def _lines_as_typed(content: bytes) -> str:
    """Return text as a browser has it: lines that end in one character alone, and no mark."""
    return content.decode("utf-8-sig").replace("\r\n", "\n")


def _publish(solution: Solution, files: Files, based_on: int, *, by: User) -> PublishedVersion:
    return publish_solution(solution, archive=pack_files(files), based_on=based_on, by=by)
