"""App creators' JSONata made into plain JSONata: `@ctx.` reached, hyphens kept, root names found.

`Reading` holds what one walk over the tokens found; `Reading.text` writes the expression down
again. `$file.fn(…)`, where nothing binds `$file`, calls a script's function. What a transform
deletes goes through the function `FEW`. A name at the root (`$.inputs`, `$$.headers`, `tasks`) is
only recorded: whether it has to be filled in is known when the root is.
"""

import re
from collections.abc import Set
from dataclasses import dataclass, field

from functions.engine.tokens import WORD_OPERATORS, Token, tokenize

CONTEXT = "__context__"
FILLED = "__filled__"
FEW = "__few__"

_HYPHENATED = re.compile(r"(?:-\w+)+")
_CONSTANTS = frozenset({"true", "false", "null"})
_LAMBDAS = ("function", "λ")
_OPENERS = {"(": ")", "[": "]", "{": "}"}
# A library's null is nothing, so what a script gives is looked up in an object: `{"v": null}`.
_GIVEN = ', "v")'
_HANDED = ("$one__", "$two__", "$three__")


@dataclass(frozen=True, slots=True)
class Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class RootName:
    """A name that is looked up in the root; `trim` is the `.value` of `inputs.NAME.value`."""

    name: str
    edit: Edit
    trim: Edit | None


@dataclass(slots=True)
class Frame:
    """One pair of brackets: what `$` is in it, and where in an operand the walk stands."""

    closer: str = ""
    is_parameters: bool = False
    is_root: bool = True
    in_exists: bool = False
    after_operand: bool = False
    in_step: bool = False
    in_context: bool = False
    bars: int = 0
    after: str = ""
    deletes: bool = False


@dataclass(slots=True)
class Reading:
    """What one expression says; `path` is set where it is nothing but a path of fields.

    `scripts` are the variables that stand for functions of scripts, by file and function.
    """

    source: str
    edits: list[Edit] = field(default_factory=list)
    root_names: list[RootName] = field(default_factory=list)
    path: tuple[str, ...] | None = None
    functions: set[str] = field(default_factory=set)
    scripts: dict[tuple[str, str], str] = field(default_factory=dict)
    object_keys: frozenset[str] | None = None

    def text(self, *, filled: Set[str] = frozenset(), trimmed: Set[str] = frozenset()) -> str:
        """Write the expression with these root names taken from the `FILLED` variable."""
        edits = list(self.edits)
        for root_name in self.root_names:
            if root_name.name in filled:
                edits.append(root_name.edit)
                if root_name.trim is not None and root_name.name in trimmed:
                    edits.append(root_name.trim)
        pieces, position = [], 0
        for edit in sorted(edits, key=lambda edit: edit.start):
            pieces += [self.source[position : edit.start], edit.text]
            position = edit.end
        return "".join([*pieces, self.source[position:]])


def read(source: str) -> Reading:
    """Walk over an expression once; raises Untokenized."""
    return _Walk(source).reading


class _Walk:
    def __init__(self, source: str) -> None:
        self.reading = Reading(source)
        self._tokens = tokenize(source)
        self._bound = _bound_variables(self._tokens)
        self._frames = [Frame()]
        self._index = 0
        self._lambda_end = -2  # the last token before a body: `)`, or `>` of a signature
        while self._index < len(self._tokens):
            self._take(self._tokens[self._index])
            self._index += 1
        self.reading.path = _plain_path(self._tokens)
        self.reading.object_keys = _object_keys(self._tokens)

    def _peek(self, offset: int) -> Token | None:
        index = self._index + offset
        return self._tokens[index] if 0 <= index < len(self._tokens) else None

    def _is(self, offset: int, text: str) -> bool:
        token = self._peek(offset)
        return token is not None and token.kind == "operator" and token.text == text

    def _take(self, token: Token) -> None:
        frame = self._frames[-1]
        if token.kind == "operator":
            self._take_operator(token, frame)
        elif token.kind == "name" and token.text in WORD_OPERATORS and frame.after_operand:
            _begin_operand(frame)
        else:
            self._take_operand(token, frame)
            frame.after_operand = True

    def _take_operand(self, token: Token, frame: Frame) -> None:
        if token.kind == "variable":
            self._take_variable(token, frame)
        elif frame.in_step:
            if frame.in_context and token.kind == "name":
                self._keep_hyphens(token)
        elif self._looks_up(token, frame):
            self._add_root_name(token, token.start, 0)

    def _looks_up(self, token: Token, frame: Frame) -> bool:
        """Whether this name, the first of its path, is looked up in the root."""
        is_field = token.kind in ("name", "quoted") and token.text not in _CONSTANTS
        return is_field and frame.is_root and not frame.in_exists and not self._is(1, "(")

    def _take_variable(self, token: Token, frame: Frame) -> None:
        step = self._peek(2)
        if self._is(1, "("):
            self.reading.functions.add(token.text)
        elif self._is(1, ".") and step is not None and self._is_script(token, step):
            self._take_script(token, step, frame)
            return
        at_root = token.text == "$$" or (token.text == "$" and frame.is_root and not frame.in_step)
        is_path = self._is(1, ".") and step is not None and step.is_step and not self._is(3, "(")
        if at_root and is_path and step is not None and not frame.in_exists:
            self._add_root_name(step, token.start, 2)

    def _is_script(self, token: Token, step: Token) -> bool:
        is_named = token.text not in ("$", "$$") and step.kind == "name"
        return is_named and token.text not in self._bound

    def _take_script(self, token: Token, step: Token, frame: Frame) -> None:
        """Let a variable stand for the function; one that is not called becomes a lambda."""
        named = (token.text[1:], step.text)
        variable = self.reading.scripts.setdefault(named, f"script{len(self.reading.scripts)}__")
        called = f"$lookup(${variable}("
        if not self._is(3, "("):
            handed = ", ".join(_HANDED)
            text = f"(function({handed}){{{called}{handed}){_GIVEN}}})"
            self.reading.edits.append(Edit(token.start, step.end, text))
            self._index += 2
            return
        after = _GIVEN
        if self._is(-1, "~>"):  # the library puts what is piped before the first argument
            comma = "" if self._is(4, ")") else ", "
            called = f"function({_HANDED[0]}){{{called}{_HANDED[0]}{comma}"
            after += "}"
        self._index += 3
        paren = self._tokens[self._index]
        self.reading.edits.append(Edit(token.start, paren.end, called))
        frame.after_operand = True
        self._open(paren, frame)
        self._frames[-1].after = after

    def _add_root_name(self, token: Token, start: int, offset: int) -> None:
        edit = Edit(start, token.end, f"${FILLED}.{token.text}")
        trim = self._value_after(offset) if token.step == "inputs" else None
        self.reading.root_names.append(RootName(token.step, edit, trim))

    def _value_after(self, offset: int) -> Edit | None:
        """Find the `.value` in `inputs.NAME.value`; the offset is that of `inputs`."""
        name, last = self._peek(offset + 2), self._peek(offset + 4)
        if not self._is(offset + 1, ".") or name is None or not name.is_step:
            return None
        index = self._index + offset + 3
        hyphens = _HYPHENATED.match(self.reading.source, name.end) if name.kind == "name" else None
        if hyphens is not None:
            while index < len(self._tokens) and self._tokens[index].start < hyphens.end():
                index += 1
            last = self._tokens[index + 1] if index + 1 < len(self._tokens) else None
        dot = self._tokens[index] if index < len(self._tokens) else None
        if dot is None or dot.text != "." or last is None or last.text != "value":
            return None
        return Edit(dot.start, last.end, "")

    def _keep_hyphens(self, token: Token) -> None:
        hyphens = _HYPHENATED.match(self.reading.source, token.end)
        if hyphens is None:
            return
        self.reading.edits.append(Edit(token.start, hyphens.end(), f"`{token.text}{hyphens[0]}`"))
        while (following := self._peek(1)) is not None and following.start < hyphens.end():
            self._index += 1

    def _take_operator(self, token: Token, frame: Frame) -> None:
        if token.text in _OPENERS:
            self._open(token, frame)
        elif token.text == "|":
            self._take_bar(token, frame)
        elif token.text == frame.closer:
            self._frames.pop()
            self._frames[-1].after_operand = True
            if frame.after:
                self.reading.edits.append(Edit(token.end, token.end, frame.after))
            if frame.is_parameters:
                self._lambda_end = self._index
        elif token.text == ".":
            frame.in_step, frame.after_operand = True, False
        elif token.text == "@" and not frame.after_operand:
            self._reach_context(token, frame)
        elif token.text == "<" and self._lambda_end == self._index - 1:
            self._skip_signature()
        elif token.text in ("*", "**", "%") and not frame.after_operand:
            frame.after_operand = True
        elif token.text == "," and frame.closer == "|":
            self.reading.edits.append(Edit(token.end, token.end, f"${FEW}("))
            frame.deletes = True
            _begin_operand(frame)
        elif token.text not in ("@", "#", "^", "!", "~"):
            _begin_operand(frame)

    def _reach_context(self, token: Token, frame: Frame) -> None:
        name = self._peek(1)
        end = token.end
        if name is not None and name.kind == "name" and name.text == "ctx" and name.start == end:
            end = name.end
            self._index += 1
        elif not self._is(1, "."):
            return
        self.reading.edits.append(Edit(token.start, end, f"${CONTEXT}"))
        frame.after_operand = frame.in_context = True
        inputs = self._peek(2)
        if self._is(1, ".") and inputs is not None and inputs.text == "inputs":
            trim = self._value_after(2)
            if trim is not None:
                self.reading.edits.append(trim)

    def _open(self, token: Token, frame: Frame) -> None:
        before = self._peek(-1)
        # A lambda's body and parameters keep the root; a predicate, a grouping, a sort do not.
        is_call = token.text == "(" and frame.after_operand
        is_body = token.text == "{" and self._lambda_end == self._index - 1
        is_sort = token.text == "(" and self._is(-1, "^")
        narrows = is_sort or (frame.after_operand and not is_call and not is_body)
        opened = Frame(closer=_OPENERS[token.text])
        opened.is_parameters = is_call and before is not None and before.text in _LAMBDAS
        is_of_root = not frame.in_step or self._maps_root()
        opened.is_root = frame.is_root and is_of_root and not narrows
        opened.in_exists = frame.in_exists or (
            is_call and before is not None and before.text == "$exists"
        )
        self._frames.append(opened)

    def _maps_root(self) -> bool:
        """Whether this bracket is the first step of a path: in `$.{…}` the root is `$` still."""
        root = self._peek(-2)
        is_root = root is not None and root.kind == "variable" and root.text in ("$", "$$")
        return self._is(-1, ".") and is_root and not self._is(-3, ".")

    def _skip_signature(self) -> None:
        """Pass over the `<…>` between a lambda's parameters and its body: its letters are types."""
        while (following := self._peek(1)) is not None and following.text != "{":
            self._index += 1
        self._lambda_end = self._index

    def _take_bar(self, token: Token, frame: Frame) -> None:
        """Enter, divide or leave a transform `|place|change|`, in which `$` is not the root."""
        if frame.closer == "|":
            frame.bars += 1
            if frame.bars == 2:
                if frame.deletes:
                    self.reading.edits.append(Edit(token.start, token.start, ")"))
                self._frames.pop()
                self._frames[-1].after_operand = True
            else:
                _begin_operand(frame)
        elif not frame.after_operand:
            self._frames.append(Frame(closer="|", is_root=False))


def _bound_variables(tokens: list[Token]) -> frozenset[str]:
    """Name the variables that the expression itself binds, wherever it does."""
    bound = set()
    in_parameters = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.text == "(" and before in _LAMBDAS:
            in_parameters = True
        elif token.text == ")":
            in_parameters = False
        elif token.kind == "variable" and (in_parameters or after == ":=" or before in ("@", "#")):
            bound.add(token.text)
    return frozenset(bound)


def _begin_operand(frame: Frame) -> None:
    frame.after_operand = frame.in_step = frame.in_context = False


def _plain_path(tokens: list[Token]) -> tuple[str, ...] | None:
    """Read `$`, `$.a.b` or `a.b`: what needs no evaluation where every step is an object."""
    names = tokens[::2]
    if not tokens or len(tokens) % 2 == 0 or any(token.text != "." for token in tokens[1::2]):
        return None
    head = names[0].text in ("$", "$$") and names[0].kind == "variable"
    steps = names[1:] if head else names
    if any(token.kind not in ("name", "quoted", "string") for token in steps):
        return None
    if not head and (names[0].kind == "string" or names[0].text in _CONSTANTS):
        return None
    return tuple(token.step for token in steps)


def _object_keys(tokens: list[Token]) -> frozenset[str] | None:
    """Name the fields of an expression that is one object constructor with literal keys."""
    start = 2 if [token.text for token in tokens[:2]] == ["$", "."] else 0
    if len(tokens) < start + 2 or tokens[start].text != "{" or tokens[-1].text != "}":
        return None
    keys, depth = set(), 0
    for index in range(start, len(tokens)):
        token = tokens[index]
        if token.kind == "operator":
            depth += (token.text in _OPENERS) - (token.text in _OPENERS.values())
            if depth == 0 and index != len(tokens) - 1:
                return None
        elif depth == 1 and tokens[index - 1].text in ("{", ","):
            if token.kind != "string" or tokens[index + 1].text != ":":
                return None
            keys.add(token.step)
    return frozenset(keys)
