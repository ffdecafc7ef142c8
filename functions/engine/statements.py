"""T-SQL as far as publishing reads it: the names that a statement uses, and a procedure's own."""

import re
from collections.abc import Set

_QUOTED = re.compile(
    r"""'[^']*(?:'|\Z) | "[^"]*(?:"|\Z) | \[[^\]]*(?:\]|\Z) | --[^\n]* | /\*.*?(?:\*/|\Z)""",
    re.DOTALL | re.VERBOSE,
)
_TOKEN = re.compile(r"(?<![\w@#$])@([\w#$][\w@#$]*)")
# After these a name may be the statement's own variable, or a parameter of another procedure.
_OWN_NAMES = re.compile(r"\b(?:declare|exec|execute|create|alter)\b", re.IGNORECASE)
_PART = r"(?:[^\W\d][\w@#$]*|\[[^\[\]]+\]|\"[^\"]+\")"
_PROCEDURE = re.compile(rf"\s*(?:(?:{_PART})?\.){{0,3}}{_PART}\s*")
_NAME = re.compile(r"[\w#$][\w@#$]*")


def tokens_of(query: str) -> Set[str]:
    """Return the names, in lower case, that a statement takes from parameters for certain."""
    plain = _QUOTED.sub(" ", query)
    if _OWN_NAMES.search(plain):
        return frozenset()
    return frozenset(name.lower() for name in _TOKEN.findall(plain))


def is_procedure(name: str) -> bool:
    """Whether it names a procedure, with its schema or not, and is nothing more than that."""
    return _PROCEDURE.fullmatch(name) is not None


def is_bindable(name: str) -> bool:
    """Whether a parameter of this name can be bound to `@name`."""
    return _NAME.fullmatch(name) is not None
