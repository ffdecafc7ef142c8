"""Publishing a solution: checked whole, kept whole, or refused whole."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import orjson
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from functions.engine import Definition, Fault, Parameter, check_definition
from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import Files, is_script, read_archive, scripts_of
from functions.services.documents import Document, NotYaml, read_document
from functions.services.script_checks import ScriptChecks
from jigxmgmt.errors import Conflict, FieldFault, Invalid, NotFound, TooLargeAnInput, pointer
from orgs import policies
from orgs.models import Organization, Solution, User
from orgs.services.audit import record_event
from orgs.services.solutions import SolutionGone, change_solution, create_solution, hold_solutions


class NotPublishable(Invalid):
    code = "solution_invalid"


class NoSuchVersion(NotFound):
    code = "version_unknown"


class PublishedMeanwhile(Conflict):
    code = "published_meanwhile"


class FunctionsTooLarge(TooLargeAnInput):
    code = "functions_too_large"


# Reading YAML with its lines takes about two seconds a megabyte, and a publisher waits for it. What
# functions call of scripts counts too.
MOST_FAULTS = 100
MOST_BYTES_OF_FUNCTIONS = 2 * 1024 * 1024
FUNCTION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,48}[A-Za-z0-9]")
LONGEST_ID = 50


@dataclass(frozen=True, slots=True)
class Usable:
    """The keys of the credentials, and the names of the connections, that a call could use.

    None stands for those that nobody knows.
    """

    credentials: Collection[str] | None = None
    connections: Collection[str] | None = None


@dataclass
class CheckedSolution:
    """What stands in a folder: functions and their files by id, what is wrong and what is odd."""

    usable: Usable = Usable()
    functions: dict[str, FunctionDefinition] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    faults: list[FieldFault] = field(default_factory=list)
    warnings: list[FieldFault] = field(default_factory=list)


def publish_solution(
    solution: Solution, *, archive: bytes, by: User, based_on: int | None = None
) -> PublishedVersion:
    """Check a folder, keep it as the solution's next version, and make that one live.

    Given the number that it is based on, it is published after that version alone.

    Raises NotAllowed, NotAnArchive, ArchiveTooLarge, FunctionsTooLarge, NotPublishable with every
    fault, SolutionGone or PublishedMeanwhile; then nothing has changed.
    """
    policies.require_in_solution(by, policies.SolutionAct.PUBLISH, solution)
    checked = check_solution(read_archive(archive), usable=usable_by(solution))
    if checked.faults:
        count = len(checked.faults)
        sentence = ngettext(
            "Nothing was published: %(count)s fault.",
            "Nothing was published: %(count)s faults.",
            count,
        )
        raise NotPublishable(sentence % {"count": count}, faults=checked.faults)
    try:
        return _keep(solution, archive, checked, by, based_on)
    except IntegrityError as error:
        raise PublishedMeanwhile(_("Somebody else has just published this solution.")) from error


def publish_folder(
    organization: Organization, *, name: str, title: str | None, archive: bytes, by: User
) -> PublishedVersion:
    """Publish as the solution of this name, which is made, with this title, if it is new.

    Raises what create_solution and publish_solution raise; a folder that is refused leaves no
    solution behind.
    """
    with transaction.atomic():
        solution = organization.solutions.filter(name=name).first()
        if solution is None:
            solution = create_solution(organization, name=name, title=title or name, by=by)
        elif title and title != solution.title:
            change_solution(solution, title=title, by=by)
        return publish_solution(solution, archive=archive, by=by)


def live_version(solution: Solution) -> PublishedVersion:
    """Return the version that is live, whole; raises NoSuchVersion before the first."""
    version = solution.versions.filter(number=solution.version).first()
    if version is None:
        raise NoSuchVersion(_("Nothing is published yet."))
    return version


def restore_version(solution: Solution, *, number: int, by: User) -> PublishedVersion:
    """Publish an earlier version's folder again, as the next version.

    Raises NoSuchVersion and what publish_solution raises.
    """
    policies.require_in_solution(by, policies.SolutionAct.PUBLISH, solution)
    version = find_version(solution, number)
    return publish_solution(solution, archive=bytes(version.archive), by=by)


def find_version(solution: Solution, number: int) -> PublishedVersion:
    """Return a version of the solution, whole; raises NoSuchVersion."""
    version = solution.versions.select_related("published_by").filter(number=number).first()
    if version is None:
        raise NoSuchVersion(_("There is no version %(number)s.") % {"number": number})
    return version


def usable_by(solution: Solution) -> Usable:
    """Return what the calls of a solution could use: all that has its secret."""
    return Usable(
        frozenset(solution.credentials.with_secret().values_list("key", flat=True)),
        frozenset(solution.connections.with_secret().values_list("name", flat=True)),
    )


def check_solution(
    files: Files, *, usable: Usable, beside: Mapping[str, str] | None = None
) -> CheckedSolution:
    """Read and check every function of a folder, for a solution that may use these.

    `beside` are the files, by their functions' ids, that are there and need no checking. It asks
    no database.

    Raises FunctionsTooLarge.
    """
    paths = sorted(path for path in files if is_function(path))
    counted = [*paths, *filter(is_script, files)]
    if sum(len(files[path]) for path in counted) > MOST_BYTES_OF_FUNCTIONS:
        raise FunctionsTooLarge(_("The functions and their scripts have more than 2 MB of text."))
    checked = CheckedSolution(usable, paths=dict(beside or {}))
    checked.warnings += [_unread(path) for path in sorted(files) if _looks_like_function(path)]
    with ScriptChecks(scripts_of(files)) as scripts:
        for path in paths:
            if len(checked.faults) < MOST_FAULTS:
                _check_file(path, files[path], checked, scripts)
    return checked


def is_function(path: str) -> bool:
    """Answer whether a file of this path in the folder is read as a function."""
    return path.startswith("functions/") and path.endswith(".jigx")


def _looks_like_function(path: str) -> bool:
    return (
        path.lower().startswith("functions/")
        and not is_function(path)
        and (PurePosixPath(path.lower()).suffix in (".jigx", ".yaml", ".yml"))
    )


def _unread(path: str) -> FieldFault:
    sentence = _("Only .jigx files below functions are functions; this one is kept, not read.")
    return FieldFault("", sentence, "function_unread", path)


@transaction.atomic
def _keep(
    solution: Solution, archive: bytes, checked: CheckedSolution, by: User, based_on: int | None
) -> PublishedVersion:
    published = Solution.objects.filter(pk=solution.pk).values_list("version", flat=True).first()
    if published is None:
        raise SolutionGone(_("This solution is no longer there."))
    if based_on not in (None, published):
        raise PublishedMeanwhile(_("Somebody else has just published this solution."))
    number = published + 1
    version = PublishedVersion.objects.create(
        solution=solution,
        number=number,
        archive=archive,
        warnings=[warning_document(warning) for warning in checked.warnings],
        published_by=by,
    )
    for function in checked.functions.values():
        function.version = version
    FunctionDefinition.objects.bulk_create(checked.functions.values())
    hold_solutions([solution])  # not before, since one of two who publish at once is refused
    if not solution.advance(to=number):
        raise PublishedMeanwhile(_("Somebody else has just published this solution."))
    record_event(
        "solution.publish",
        by=by,
        subject=solution,
        organization=solution.organization,
        changes={"version": (number - 1, number)},
    )
    return version


def warning_document(warning: FieldFault) -> dict[str, object]:
    """Return a warning as the API shows it."""
    return {
        "file": warning.file,
        "line": warning.line,
        "pointer": warning.pointer,
        "code": warning.code,
        "detail": warning.detail,
    }


def _check_file(path: str, content: bytes, checked: CheckedSolution, scripts: ScriptChecks) -> None:
    try:
        text = content.decode("utf-8-sig")
        document = read_document(text)
    except UnicodeDecodeError:
        checked.faults.append(FieldFault("", _("This is not UTF-8."), "encoding", path))
        return
    except NotYaml as error:
        checked.faults.append(FieldFault("", error.reason, "yaml", path, error.line))
        return
    content_or_empty = {} if document.content is None else document.content
    if not isinstance(content_or_empty, dict):
        checked.faults.append(FieldFault("", _("A function is a mapping."), "type", path, 1))
        return
    document.content = content_or_empty
    _check_definition(path, text, document, checked, scripts)


def _check_definition(
    path: str, text: str, document: Document, checked: CheckedSolution, scripts: ScriptChecks
) -> None:
    source = document.content
    name = str(source.get("functionId") or PurePosixPath(path).stem.lower())
    result = check_definition(source, name=name)
    faults, warnings = [*_faults_of_id(source, name), *result.faults], list(result.warnings)
    other = checked.paths.setdefault(name, path)
    if other != path:
        sentence = _("%(other)s and %(path)s have the same id, %(name)s.")
        words = {"other": other, "path": path, "name": name}
        faults.append(Fault(("functionId",), "id_twice", sentence % words))
    elif result.definition:
        checked.functions[name] = _row(result.definition, name, path, text)
        warnings += _missing_credentials(result.definition, checked.usable.credentials)
        warnings += _missing_connection(result.definition, checked.usable.connections)
        warnings += scripts.warnings_about(result.script_calls)
    checked.faults += [_located(fault, path, document) for fault in faults]
    checked.warnings += [_located(warning, path, document) for warning in warnings]


def _faults_of_id(source: dict[str, object], name: str) -> Iterator[Fault]:
    """Hold a chosen id to its rule; one that is a file's name has only to fit."""
    if source.get("functionId"):
        if not FUNCTION_ID.fullmatch(name):
            sentence = _(
                "An id is 2 to 50 letters, digits, hyphens and underscores, a letter first."
            )
            yield Fault(("functionId",), "id_invalid", sentence)
    elif len(name) > LONGEST_ID:
        sentence = _("The file's name has more than %(most)s characters.")
        yield Fault((), "id_invalid", sentence % {"most": LONGEST_ID})


def _missing_credentials(definition: Definition, known: Collection[str] | None) -> Iterator[Fault]:
    """Name each parameter that is for a credential which the solution does not have yet."""
    if known is None:
        return
    later = definition.continuation.parameters if definition.continuation else None
    places: dict[tuple[str, ...], dict[str, Parameter]] = {
        ("parameters",): dict(definition.parameters),
        ("continuation", "parameters"): dict(later or {}),
    }
    for place, parameters in places.items():
        for parameter in parameters.values():
            key = parameter.default_key
            if parameter.is_for_credential and key and key not in known:
                sentence = _(
                    "There is no credential %(key)s yet; until there is, calls are refused."
                ) % {"key": key}
                yield Fault((*place, parameter.name, "value"), "credential_missing", sentence)


def _missing_connection(definition: Definition, known: Collection[str] | None) -> Iterator[Fault]:
    """Name the connection of a SQL function which the solution does not have yet."""
    name = definition.connection
    if known is not None and name and name not in known:
        sentence = _("There is no connection %(name)s yet; until there is, calls are refused.")
        yield Fault(("connection",), "connection_missing", sentence % {"name": name})


def _row(definition: Definition, name: str, path: str, text: str) -> FunctionDefinition:
    return FunctionDefinition(
        name=name,
        provider=definition.provider,
        method=definition.method,
        path=path,
        text=text,
        source=orjson.dumps(definition.source).decode(),
        runs_on_device=definition.runs_on_device,
    )


def _located(fault: Fault, path: str, document: Document) -> FieldFault:
    line = document.line_of(fault.path)
    return FieldFault(pointer(*fault.path), fault.message, fault.code, path, line)
