"""The languages that people can be written to in: ISO 639-1, as data beside the models."""

from babel import Locale

# In babel's list, and no longer in the standard's.
DEPRECATED = frozenset({"bh", "in", "iw", "ji", "jw", "mo", "sh"})

LANGUAGES: tuple[tuple[str, str], ...] = tuple(
    sorted(
        (
            (code, name)
            for code, name in Locale("en").languages.items()
            if len(code) == 2 and code not in DEPRECATED
        ),
        key=lambda language: language[1],
    )
)
_NAMES = dict(LANGUAGES)


def is_language(code: str) -> bool:
    """Answer whether this is a two-letter code of ISO 639-1 that is in use."""
    return code in _NAMES


def language_name(code: str) -> str:
    """Return the English name of a language, or the code itself where there is none."""
    return _NAMES.get(code, code)
