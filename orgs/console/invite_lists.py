"""A list of people to invite, as somebody pasted it: read, and resolved to what it names."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid
from orgs.models import Membership, Organization, Solution, SolutionGroup, SolutionMember, User
from orgs.models.languages import LANGUAGES, language_name
from orgs.services.bulk_invites import check_number, examine_invitations
from orgs.services.invites import Invitation
from orgs.services.provisioning import Grants

COLUMNS = ("email", "first name", "last name", "role", "language", "solutions", "groups")
ALIASES = {"e-mail": "email", "email address": "email", "e-mail address": "email"}
DELIMITERS = (",", ";", "\t")
LANGUAGES_BY_WORD = {word.casefold(): code for code, name in LANGUAGES for word in (code, name)}


class UnreadableList(Invalid):
    code = "list_unreadable"


@dataclass(slots=True)
class Line:
    """One person of the list: what stands there, what it means, what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    faults: list[str] = field(default_factory=list)
    invitation: Invitation | None = None

    @property
    def role(self) -> str:
        """The role as people read it, or the word that names none."""
        word = self.cells.get("role", "") or Membership.Role.USER
        known = _role_named(word)
        return str(known.label) if known else word

    @property
    def language(self) -> str:
        return language_name(self.invitation.language) if self.invitation else ""

    @property
    def is_ready(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class _Known:
    """What a list can name in this organization, by the words for it."""

    solutions: Mapping[str, Solution]
    groups: Mapping[tuple[str, str], SolutionGroup]


def examine_list(text: str, *, organization: Organization, by: User, now: datetime) -> list[Line]:
    """Return each line with everything that is wrong with it; changes nothing.

    Raises UnreadableList, TooManyInvitations or NotAllowed.
    """
    lines = read_lines(text)
    check_number(lines)
    known = _known_in(organization)
    invitations = [_resolved(line, known) for line in lines]
    found = examine_invitations(organization, invitations, by=by, now=now)
    for line, invitation, faults in zip(lines, invitations, found, strict=True):
        line.invitation = invitation
        line.faults += [fault.detail for fault in faults]
    return lines


def read_lines(text: str) -> list[Line]:
    """Return what the cells of a list say, with or without a line of headings.

    Raises UnreadableList.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        sentence = _("Line %(number)s can't be read: %(why)s.")
        raise _unreadable(sentence % {"number": reader.line_num, "why": error}) from error
    rows = [(number, cells) for number, cells in rows if any(cells)]
    if not rows:
        raise _unreadable(_("There is nobody in this list."))
    if any("@" in cell for cell in rows[0][1]):
        return [line for number, cells in rows for line in _lines_of(number, cells)]
    columns = [_column(heading) for heading in rows[0][1]]
    return [Line(number, _cells(number, cells, columns)) for number, cells in rows[1:]]


def _lines_of(number: int, cells: Sequence[str]) -> Iterable[Line]:
    """Read a line without headings: columns in our order, or just addresses, side by side."""
    written = [cell for cell in cells if cell]
    if len(written) > 1 and all("@" in cell for cell in written):
        return [Line(number, {"email": address}) for address in written]
    return [Line(number, _cells(number, cells, COLUMNS))]


def _cells(number: int, cells: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    if any(cells[len(columns) :]):
        sentence = _("Line %(number)s has more cells than there are columns.")
        raise _unreadable(sentence % {"number": number})
    return dict(zip(columns, cells, strict=False))


def _column(heading: str) -> str:
    name = " ".join(heading.replace("_", " ").lower().split())
    name = ALIASES.get(name, name)
    if name not in COLUMNS:
        sentence = _("There is no column “%(heading)s”. The columns are: %(columns)s.")
        raise _unreadable(sentence % {"heading": heading, "columns": ", ".join(COLUMNS)})
    return name


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _known_in(organization: Organization) -> _Known:
    solutions = list(organization.solutions.all())
    by_title = {solution.title.casefold(): solution for solution in solutions}
    groups = SolutionGroup.objects.filter(solution__organization=organization)
    return _Known(
        solutions=by_title | {solution.name: solution for solution in solutions},
        groups={
            (group.solution.name, group.name.casefold()): group
            for group in groups.select_related("solution")
        },
    )


def _resolved(line: Line, known: _Known) -> Invitation:
    """Return the invitation that a line asks for, with what it names wrongly left out."""
    cells = line.cells
    word = cells.get("role", "") or Membership.Role.USER
    role = _role_named(word)
    if role is None:
        line.faults.append(_("There is no role “%(role)s”.") % {"role": word})
    language = cells.get("language", "") or "en"
    grants = Grants(
        role=role or Membership.Role.USER,
        solutions=dict.fromkeys(_solutions(line, known), SolutionMember.Role.USER),
        groups=_groups(line, known),
    )
    return Invitation(
        email=cells.get("email", ""),
        first_name=cells.get("first name", ""),
        last_name=cells.get("last name", ""),
        language=LANGUAGES_BY_WORD.get(language.casefold(), language),
        grants=grants,
    )


def _role_named(word: str) -> Membership.Role | None:
    """Return the role of this value, or of this label in the reader's language."""
    wanted = word.casefold()
    for role in Membership.Role:
        if wanted in (role.casefold(), str(role.label).casefold()):
            return role
    return None


def _solutions(line: Line, known: _Known) -> list[Solution]:
    found = []
    for word in _words(line.cells.get("solutions", ""), r"[;,]"):
        solution = known.solutions.get(word.casefold())
        if solution:
            found.append(solution)
        else:
            line.faults.append(_("There is no solution “%(name)s”.") % {"name": word})
    return found


def _groups(line: Line, known: _Known) -> list[SolutionGroup]:
    found = []
    for word in _words(line.cells.get("groups", ""), ";"):
        named, _slash, group_name = word.partition("/")
        solution = known.solutions.get(named.strip().casefold())
        key = (solution.name if solution else "", group_name.strip().casefold())
        if key in known.groups:
            found.append(known.groups[key])
        else:
            line.faults.append(_("There is no group “%(name)s”.") % {"name": word})
    return list(dict.fromkeys(found))


def _words(cell: str, separator: str) -> list[str]:
    return [word.strip() for word in re.split(separator, cell) if word.strip()]


def _unreadable(sentence: str) -> UnreadableList:
    return UnreadableList(sentence, faults=[FieldFault("/text", sentence, UnreadableList.code)])
