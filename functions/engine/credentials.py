"""Secrets by value: a placeholder wherever an expression looks, the secret only on the wire."""

import base64
import contextlib
import re
import secrets
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from functions.engine.definitions import (
    ACCESS_TOKEN,
    BASIC_AUTH,
    OUR_TOKEN,
    Parameter,
    Parameters,
    has_blank,
)
from functions.engine.escapes import SHORTEST, replace_escaped
from functions.engine.failures import BadRequest, CredentialMissing, CredentialOriginRefused
from functions.engine.types import Credential, Mint, Secret
from functions.engine.urls import encoded, origin_of

MASK = "***"
_PLACEHOLDER = re.compile("jxheld[0-9a-f]{24}x[0-9]+z")
OF_THE_USER = ("oauth", "oauth_alias")
_PLAIN = ("api_key", "secret")
_BASIC = "basic_auth"


# Stands for a token of our own until the origin is known that it is for.
_UNMINTED = Credential(OUR_TOKEN, OUR_TOKEN, Secret(""), ())


@dataclass(frozen=True, slots=True)
class Held:
    credential: Credential
    wire: Secret


class Wallet:
    """The credentials of one call, by the placeholder that stands for each.

    A placeholder is made of letters and digits, so that no encoding changes it; it is random, so
    that neither caller nor service can write one.
    """

    def __init__(self) -> None:
        self._stem = f"jxheld{secrets.token_hex(12)}x"
        self._held: dict[str, Held] = {}
        self._replaced_ones: list[tuple[str, Held]] = []
        self._texts: dict[str, str] = {}
        self.was_sent_back = False

    def hold(self, credential: Credential, wire: str) -> str:
        for placeholder, held in self._held.items():
            is_it = (held.credential.key, held.credential.type) == (credential.key, credential.type)
            if is_it and (credential.type == OUR_TOKEN or held.wire.reveal() == wire):
                return placeholder
        placeholder = f"{self._stem}{len(self._held)}z"
        self._held[placeholder] = Held(credential, Secret(wire))
        self._texts = self._secret_texts()
        return placeholder

    def renew(self, credential: Credential, *, wire: str) -> None:
        """Let what stood for the credential of this key stand for this one from now on.

        What it replaces is still masked: a service may have it, and send it back.
        """
        for placeholder, held in self._held.items():
            if held.credential.key == credential.key and held.credential.type == credential.type:
                self._replaced_ones.append((placeholder, held))
                self._held[placeholder] = Held(credential, Secret(wire))
        self._texts = self._secret_texts()

    def is_in(self, text: str) -> bool:
        return bool(self._held) and self._stem in text

    def carried_by(self, *values: Any) -> list[Credential]:
        """List the credentials whose placeholder is anywhere in these values."""
        found: dict[str, Credential] = {}
        for text in _texts(values) if self._held else ():
            for placeholder in _PLACEHOLDER.findall(text):
                if placeholder in self._held:
                    found[placeholder] = self._held[placeholder].credential
        return list(found.values())

    def filled(self, value: Any, *, encode: Callable[[str], str] = str) -> Any:
        """Put the secrets in; only for what goes out to a vetted origin."""
        if not self._held:
            return value
        return _mapped(
            value, lambda text: self._replaced(text, lambda held: encode(held.wire.reveal()))
        )

    def blanked(self, value: Any) -> Any:
        """Put `***` where a secret would go."""
        if not self._held:
            return value
        return _mapped(value, self._blanked_text)

    def masked(self, value: Any, *, written: bytes) -> Any:
        """Blank the placeholders, and the secrets that a service sent back.

        `written` is the value's JSON: one search there is cheaper than a walk over every text.
        """
        if not self._held or not any(needle in written for needle in self._needles()):
            return value
        return _mapped(value, self.masked_text)

    def _needles(self) -> list[bytes]:
        return [orjson.dumps(text)[1:-1] for text in (self._stem, *self._texts)]

    def masked_text(self, text: str) -> str:
        for secret in self._texts:
            text = text.replace(secret, MASK)
        return self._blanked_text(text)

    def _blanked_text(self, text: str) -> str:
        return self._replaced(text, lambda _held: MASK)

    def _replaced(self, text: str, write: Callable[[Held], str]) -> str:
        if self._stem not in text:
            return text
        return _PLACEHOLDER.sub(
            lambda match: write(self._held[match[0]]) if match[0] in self._held else match[0], text
        )

    def held_back(self, value: Any) -> Any:
        """Put placeholders where an answer gives secrets back, before expressions see it.

        They could write a secret differently, past all masking; and a link to the next page that
        holds the key still works. Escapes hide none, nor does percent-encoding.
        """
        return _mapped(value, self._held_back_text) if self._texts else value

    def _held_back_text(self, text: str) -> str:
        held = replace_escaped(text, self._texts)
        self.was_sent_back |= held != text
        return held

    def held_back_octets(self, octets: bytes) -> bytes:
        """Do the same in what is no text, where nothing is escaped."""
        held = octets
        for secret, placeholder in self._texts.items():
            held = held.replace(secret.encode(), placeholder.encode())
        self.was_sent_back |= held != octets
        return held

    def _secret_texts(self) -> dict[str, str]:
        """Map all texts that give a secret away to what stands in for them.

        The longest come first, so that none is left in part.
        """
        texts: dict[str, str] = {}
        for placeholder, held in (*self._replaced_ones, *self._held.items()):
            secret = held.credential.secret.reveal()
            texts |= {secret: MASK, held.wire.reveal(): placeholder}
            if held.credential.type == _BASIC:
                texts[secret.partition(":")[2]] = MASK
        texts |= {encoded(text): stand_in for text, stand_in in texts.items()}
        longest_first = sorted(texts, key=len, reverse=True)
        return {text: texts[text] for text in longest_first if len(text) >= SHORTEST}


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for item in pair for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return []


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return value


async def resolve_credentials(
    parameters: Parameters,
    values: Mapping[str, Any],
    *,
    given: Container[str],
    lookup: Callable[[str], Awaitable[Credential | None]],
    wallet: Wallet,
) -> dict[str, Any]:
    """Replace the keys of credentials by placeholders; `given` are the caller's own values.

    Raises CredentialMissing.
    """
    resolved = dict(values)
    for parameter in parameters.values():
        value = values.get(parameter.name)
        if not isinstance(value, str) or wallet.is_in(value):
            continue
        is_default = parameter.name not in given and value == parameter.default
        if not is_default and not parameter.is_for_credential:
            continue
        if parameter.asks_for_our_token(value):
            resolved[parameter.name] = wallet.hold(_UNMINTED, "")
            continue
        credential = None if not value or has_blank(value) else await lookup(value)
        if credential is not None:
            resolved[parameter.name] = wallet.hold(credential, _wire(credential, parameter))
        elif parameter.is_for_credential and not _is_literal(parameter, is_default=is_default):
            raise CredentialMissing(f"The parameter {parameter.name} names no known credential.")
    return resolved


def mint_for(origin: str, *, wallet: Wallet, mint: Mint | None) -> None:
    """Put a token of our own for this origin in place of the one that was asked for.

    Raises CredentialMissing where none are issued, and what minting raises.
    """
    if mint is None:
        raise CredentialMissing("Tokens of this installation's own are not issued here.")
    token = mint(origin)
    wallet.renew(Credential(OUR_TOKEN, OUR_TOKEN, Secret(token), (origin,)), wire=token)


def _is_literal(parameter: Parameter, *, is_default: bool) -> bool:
    """Whether the definition itself holds what is to be sent (`Bearer …`), not a key."""
    return is_default and not parameter.must_resolve and has_blank(str(parameter.default))


def _wire(credential: Credential, parameter: Parameter) -> str:
    """Choose what is put on the wire; other pairs than the language's table are refused."""
    secret, in_header = credential.secret.reveal(), parameter.location == "header"
    is_token = in_header and parameter.name == ACCESS_TOKEN
    is_basic = in_header and parameter.name == BASIC_AUTH
    if credential.type == _BASIC and is_basic:
        return base64.b64encode(secret.encode()).decode()
    if (credential.type in OF_THE_USER and is_token) or (
        credential.type in _PLAIN and not is_basic
    ):
        return secret
    raise CredentialMissing(
        f"The parameter {parameter.name} can't carry a credential of the type {credential.type}."
    )


def require_bound(carried: Iterable[Credential], *, origin: str) -> None:
    """Refuse to send a credential to an origin that it is not bound to.

    Raises CredentialOriginRefused.
    """
    for credential in carried:
        if not is_bound(credential, origin=origin):
            raise CredentialOriginRefused(
                f"The credential {credential.key} is not bound to the address of this call."
            )


def is_bound(credential: Credential, *, origin: str) -> bool:
    """Compare scheme, host and port; an origin that can't be read binds to nothing."""
    for allowed in credential.origins:
        with contextlib.suppress(BadRequest):
            if origin_of(allowed) == origin:
                return True
    return False
