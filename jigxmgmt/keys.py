"""Key files: made once, at first start, readable by their owner alone."""

import base64
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

KEY_BYTES = 32
KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]{1,30}:\d{12}:key/[A-Za-z0-9-]{1,64}")


class KeyUnavailable(Exception):
    """Why a key could be neither read nor made, as one sentence for the operator."""


def read_or_make_key(path: Path) -> list[str]:
    """Return the lines of a key file, making it with one fresh 256-bit key if it is missing.

    Two processes that start together agree: the file appears whole or not at all, and the
    first one wins. Raises KeyUnavailable.
    """
    try:
        if not path.exists():
            _make_key(path)
        keys = path.read_text().split()
    except OSError as error:
        sentence = f"{path} can't be used ({error.strerror}); set DATA_DIR to a folder of yours."
        raise KeyUnavailable(sentence) from error
    if not keys:
        raise KeyUnavailable(f"{path} is empty; put its backup there, or remove it for a new key.")
    return keys


def _make_key(path: Path) -> None:
    for folder in (path.parent.parent, path.parent):  # each made one, not the last alone
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def decode_keys(texts: Sequence[str], *, name: str) -> list[bytes]:
    """Return keys of 32 bytes each from base64url (RFC 4648 5).

    Raises KeyUnavailable, which names the key and never shows it.
    """
    try:
        keys = [base64.urlsafe_b64decode(text) for text in texts]
    except ValueError:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise KeyUnavailable(f"{name} holds something that is not a key: 32 bytes in base64url.")
    return keys


def require_key_arns(texts: Sequence[str]) -> None:
    """Raise KeyUnavailable for a key of AWS KMS that is not named by its whole ARN.

    An alias can be pointed at another key, and the ARN is what stands beside each data key.
    """
    for text in texts:
        if text and not KEY_ARN.fullmatch(text):
            example = "arn:aws:kms:eu-central-1:111122223333:key/…"
            raise KeyUnavailable(f"“{text}” is not the whole ARN of a KMS key, as {example}")
