"""The only module that knows a JSONata library: compiled once, evaluated within bounds.

`jlens` does the work; where it has no wheel, `jsonata2py` stands in through `fallback`. Numbers are
doubles, as in the reference implementation; an expression that is nothing but a path of fields is
answered without the library, so its integers stay exact.
"""

import functools
import uuid
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from functions.engine.builtins import FIRST_OF_EACH, first_of_each, is_slow, made_over
from functions.engine.rewriting import CONTEXT, FEW, FILLED, Reading, read
from functions.engine.tokens import Untokenized

if TYPE_CHECKING:
    from jlens import Document, JlensError
    from jlens import Expression as Compiled
else:
    try:
        from jlens import Document, JlensError
        from jlens import Expression as Compiled
    except ImportError:  # no wheel for this machine
        from functions.engine.fallback import Compiled, Document, JlensError


class Undefined(Enum):
    """JSONata's `undefined`: nothing there, which is not null."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED


class Unparsed(Exception):
    """The expression is not JSONata."""

    def __init__(self, code: str, position: int | None) -> None:
        super().__init__(code)
        self.code = code
        self.position = position


class Thrown(Exception):
    """The expression threw; the message is JSONata's code alone, since its text holds values."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Exhausted(Exception):
    """The expression ran past its time, depth, steps or memory."""


class NotJson(Exception):
    """The text is not JSON."""


@dataclass(frozen=True, slots=True)
class Bounds:
    seconds: float
    depth: int
    steps: int
    size: int  # bytes, of a string and of the result
    items: int


# Stack, time, steps, and the sizes of arrays, results, ranges and padding.
_EXHAUSTED = frozenset({"D1011", "D1012", "U1006", "U1001", "U1003", "D2014", "D2015", "D2016"})
_MOST_DELETED = 100
_MISSING: Final = object()


def is_temporary_id(candidate: Any) -> bool:
    """Whether an id was made on a device for a row that the service does not know yet."""
    return isinstance(candidate, str) and candidate[:5].lower() in ("temp_", "temp-")


# An expression may call these with as much or as little as it likes.
def _new_id(*_more: Any) -> str:
    return str(uuid.uuid4())


def _is_temporary(candidate: Any = None, *_more: Any) -> bool:
    return is_temporary_id(candidate)


def _few(names: Any = None, *_more: Any) -> Any:
    """Let a transform delete so many fields and no more. Raises Exhausted.

    For each one the library moves all fields that follow, and doesn't look at its clock meanwhile.
    """
    if isinstance(names, list) and len(names) > _MOST_DELETED:
        raise Exhausted
    return None if callable(names) else names


_HOST_FUNCTIONS: dict[str, Callable[..., Any]] = {
    FEW: _few,
    FIRST_OF_EACH: first_of_each,
    "uuid": _new_id,
    "uuid_v4": _new_id,
    "isTempId": _is_temporary,
}


class Root:
    """What `$` is: a value, or the JSON text of one; each form is made when first needed."""

    __slots__ = ("_document", "_text", "_value", "size")

    def __init__(self, value: Any = _MISSING, *, text: str | None = None, size: int = 0) -> None:
        self._value = value
        self._text = text
        self._document: Document | None = None
        self.size = size if text is None else len(text)

    @property
    def value(self) -> Any:
        """The value itself. Raises NotJson."""
        if self._value is _MISSING:
            self._value = _parse(self._text or "")
        return self._value

    @property
    def is_parsed(self) -> bool:
        return self._value is not _MISSING

    def document(self) -> Document:
        """The library's own form, for several evaluations. Raises NotJson."""
        if self._document is None:
            if self._text is None:
                self._document = Document(self._value)
            else:
                try:
                    self._document = Document.from_json(self._text)
                except ValueError:
                    raise NotJson from None
        return self._document


def _parse(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotJson from None


class Expression:
    """One compiled expression; safe to share between threads."""

    __slots__ = ("_compiled", "context_keys", "reading", "response_keys", "root_keys")

    def __init__(self, source: str) -> None:
        self.reading = _read(source)
        self._compiled: dict[tuple[Any, ...], Compiled] = {}
        try:
            compiled = _compiled(self.reading.text())
        except JlensError as error:
            raise Unparsed(error.code, error.position) from None
        except UnicodeEncodeError:  # half a character
            raise Unparsed("S0104", None) from None
        functions = dict.fromkeys(self.reading.scripts.values(), _new_id)
        reads: dict[str, Any] = dict(compiled.reads({CONTEXT: None, **functions}))
        everything = bool(reads.get("everyBinding"))
        context: Any = True if everything else reads.get("bindings", {}).get(CONTEXT, {})
        self.context_keys = None if context is True else frozenset(context)
        response: Any = True if context is True else context.get("response", {})
        self.response_keys = None if response is True else frozenset(response)
        root = reads.get("input", {})
        self.root_keys = None if root is True or everything else frozenset(root)

    @property
    def source(self) -> str:
        return self.reading.source

    @property
    def root_names(self) -> Set[str]:
        return {root_name.name for root_name in self.reading.root_names}

    def evaluate(
        self,
        root: Root,
        *,
        context: Mapping[str, Any],
        filled: Mapping[str, Any],
        trimmed: Set[str],
        bounds: Bounds,
        shared: bool,
        functions: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
    ) -> Any:
        """Evaluate; UNDEFINED where nothing comes of it.

        `filled` are root names that the root lacks; `functions` are the scripts', by their
        variable; `shared` lets other threads run meanwhile. Raises Thrown, Exhausted, NotJson.
        """
        known = self.follow(root, filled) if not trimmed else _MISSING
        if known is not _MISSING:
            return known
        bindings: dict[str, Any] = {CONTEXT: context, FILLED: filled, **functions}
        names = frozenset(filled)
        answer = self._run(self._variant(names, trimmed), root, bindings, bounds, shared=shared)
        if answer is not None:
            return answer
        typed = self._variant(names, trimmed, typed=True)
        is_null = self._run(typed, root, bindings, bounds, shared=shared) == "null"
        return None if is_null else UNDEFINED

    def follow(self, root: Root, filled: Mapping[str, Any]) -> Any:
        """Walk a plain path through objects; `_MISSING` where the library has to decide."""
        path = self.reading.path
        if path is None:
            return _MISSING
        value = filled if path and path[0] in filled else root.value
        for step in path:
            if not isinstance(value, Mapping):
                return _MISSING
            if step not in value:
                return UNDEFINED
            value = value[step]
        return value

    def _run(
        self,
        compiled: Compiled,
        root: Root,
        bindings: dict[str, Any],
        bounds: Bounds,
        *,
        shared: bool,
    ) -> Any:
        limits: dict[str, Any] = {
            "timeout": bounds.seconds,
            "max_depth": bounds.depth,
            "max_steps": bounds.steps,
            "max_string_length": bounds.size,
            "max_array_length": bounds.items,
            "max_result_size": bounds.size,
        }
        try:
            if root.is_parsed and not shared and root.value is not None:
                value = None if root.value is UNDEFINED else root.value
                return compiled.evaluate(value, bindings, **limits)
            if root.is_parsed and root.value is UNDEFINED:
                return compiled.evaluate(None, bindings, **limits)
            return compiled.evaluate_document(root.document(), bindings, **limits)
        except JlensError as error:
            code = error.code
        if code in _EXHAUSTED:
            raise Exhausted
        raise Thrown(code)

    def _variant(
        self, filled: frozenset[str], trimmed: Set[str], *, typed: bool = False
    ) -> Compiled:
        """Compile it with these names filled in. Raises Thrown where that is no JSONata."""
        key = (filled, frozenset(trimmed), typed)
        if key in self._compiled:
            return self._compiled[key]
        text = self.reading.text(filled=filled, trimmed=trimmed)
        text = made_over(text) if is_slow(text) else text
        try:
            # Not first in its brackets: a regular expression may not stand there.
            self._compiled[key] = _compiled(f"$type((0;\n{text}\n))" if typed else text)
            return self._compiled[key]
        except JlensError as error:  # what is filled in has no parent, and nests a level deeper
            code = error.code
        raise Thrown(code)


def _compiled(text: str) -> Compiled:
    compiled = Compiled(text)
    for name, function in _HOST_FUNCTIONS.items():
        if f"${name}" in text:
            compiled.register_function(name, function)
    return compiled


def _read(source: str) -> Reading:
    try:
        return read(source)
    except (Untokenized, IndexError):
        return Reading(source)  # the library's parser will say what is wrong


@functools.lru_cache(maxsize=4096)
def compile_expression(source: str) -> Expression:
    """Compile, or take what was compiled before from the same text. Raises Unparsed."""
    return Expression(source)


def is_truthy(value: Any) -> bool:
    """JSONata's `$boolean`: empty text, zero, null, and what is made of nothing else are false."""
    if value is UNDEFINED:
        return False
    if isinstance(value, list):
        return any(is_truthy(item) for item in value)
    return bool(value)
