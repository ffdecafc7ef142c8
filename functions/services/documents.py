"""YAML with the line of every key, so that a fault can be shown where it stands."""

import datetime
import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

Path = tuple[str | int, ...]

# An alias may stand for a tree of aliases: what they unfold to is bounded, not what is written.
MOST_NODES = 50_000
# The library takes time by the square of the depth: this is looked at before it is asked.
MOST_CHARACTERS = 256 * 1024
DEEPEST_BRACKETS = 200
BRACKETS = re.compile(r"[\[\]{}]")
SEQUENCES_IN_A_LINE = re.compile(r"(?:[-?:] +){60}")
# What the library raises beside its own errors, as for a tag that does not fit its text.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
DEEPEST = 60
UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


class NotYaml(Exception):
    """The text can't be read; `line` is where, counted from 1."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass
class Document:
    """Plain data (JSON's types alone), and the line of each path in it."""

    content: Any = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int | None:
        """Return the line of a path, or of the nearest thing around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(text: str) -> Document:
    """Read one YAML 1.2 document; raises NotYaml. An empty text is an empty document."""
    if len(text) > MOST_CHARACTERS:
        raise NotYaml(_("The file is too large for a function."), None)
    if _brackets(text) > DEEPEST_BRACKETS or SEQUENCES_IN_A_LINE.search(text):
        raise NotYaml(_("The document is nested too deeply."), None)
    try:
        tree = YAML(typ="rt").load(text)
    except DuplicateKeyError as error:
        raise NotYaml(_("A key stands twice."), _line(error)) from error
    except MarkedYAMLError as error:
        raise NotYaml(str(error.problem or _("This is not YAML.")), _line(error)) from error
    except (YAMLError, *UNREADABLE) as error:
        raise NotYaml(_("This is not YAML."), None) from error
    document = Document()
    document.content = _Plainer(document.lines).plain(tree, (), 0)
    return document


def _brackets(text: str) -> int:
    """Return how deep brackets go, taking those in texts for real: the bound is far above."""
    depth = deepest = 0
    for bracket in BRACKETS.findall(text):
        depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
        deepest = max(deepest, depth)
    return deepest


class _Plainer:
    """Turns ruamel's tree into plain data and notes the lines on the way."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self._lines = lines
        self._nodes = 0

    def plain(self, node: Any, path: Path, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MOST_NODES or depth > DEEPEST:
            raise NotYaml(_("The document is too large or too deep."), self._lines.get(path))
        if isinstance(node, CommentedMap):
            return {
                self._scalar(str(key), path): self._child(node, key, str(key), path, depth)
                for key in node
            }
        if isinstance(node, CommentedSeq):
            return [self._child(node, index, index, path, depth) for index in range(len(node))]
        return self._scalar(node, path)

    def _scalar(self, node: Any, path: Path) -> Any:
        try:
            return _plain_scalar(node)
        except ValueError as error:
            raise NotYaml(str(error), self._lines.get(path)) from None

    def _child(self, node: Any, key: Hashable, name: str | int, path: Path, depth: int) -> Any:
        here = (*path, name)
        position = (node.lc.data or {}).get(key)
        if position:
            self._lines[here] = position[0] + 1
        return self.plain(node[key], here, depth + 1)


def _plain_scalar(node: Any) -> Any:
    """Return a scalar as one of JSON's; a date stays the text that was written.

    Raises ValueError for what JSON or a database can't hold.
    """
    if node is None or isinstance(node, bool):
        return node
    if isinstance(node, int | float):
        return _plain_number(int(node) if isinstance(node, int) else float(node))
    if isinstance(node, datetime.date | datetime.datetime):
        return node.isoformat()
    text = str(node)
    if UNKEEPABLE.search(text):
        raise ValueError(_("A text holds a null character or half a character."))
    return text


def _plain_number(number: float) -> float:
    if not -(2**63) <= number < 2**64:  # true of "not a number" as well
        raise ValueError(_("A number is not finite, or has more than 64 bits."))
    return number


def _line(error: MarkedYAMLError) -> int | None:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else None
