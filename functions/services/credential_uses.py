"""Which functions name which credential, and where their requests go."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from functions.engine import Definition
from functions.services.definitions import definition_of
from functions.services.origins import normal_origin
from orgs.models import Solution


@dataclass(frozen=True, slots=True)
class Use:
    """A function that names a credential; the origin is None where its URL is not a plain one.

    It is certain where the parameter is made for a credential, and else a mere text of that name.
    """

    function: str
    origin: str | None
    is_certain: bool


def uses_of_credentials(solution: Solution) -> dict[str, list[Use]]:
    """Return the functions of the live version by the keys that they name."""
    uses: dict[str, list[Use]] = {}
    for definition in definition_of.of_live(solution):
        certain = frozenset(definition.credential_keys)
        for key in definition.default_keys:
            use = Use(definition.name, _origin_of(definition), key in certain)
            uses.setdefault(key, []).append(use)
    return uses


def proposed_origins(uses: list[Use]) -> list[str]:
    """Return where functions that name a credential send their requests, each once."""
    return list(dict.fromkeys(use.origin for use in uses if use.origin is not None))


def missing_keys(uses: Mapping[str, list[Use]], known: set[str]) -> list[str]:
    """Return the keys that functions need a credential for, and that the solution lacks."""
    needed = (key for key, named in uses.items() if any(use.is_certain for use in named))
    return [key for key in needed if key not in known]


def origins_of_our_token(solution: Solution) -> frozenset[str]:
    """Return where local functions of the live version send a token of our own."""
    local = definition_of.of_live(solution, on_device=True)
    origins = (_origin_of(definition) for definition in local if definition.sends_our_token)
    return frozenset(origin for origin in origins if origin is not None)


def _origin_of(definition: Definition) -> str | None:
    """Read the origin that stands in a URL; a token there can become any."""
    url = definition.source.get("url")
    if not isinstance(url, str) or url.startswith("="):
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    if "{" in parts.netloc or "@" in parts.netloc:
        return None
    return normal_origin(f"{parts.scheme}://{parts.netloc}")
