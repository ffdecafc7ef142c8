"""What travels through the broker: sealed for the worker, and back for one caller alone.

A request frame is a clear head and a sealed body::

    1 byte   format
    8 bytes  id of the transport key
    16 bytes call id
    8 bytes  when it was queued, ms since the epoch, big-endian
    8 bytes  deadline, ms since the epoch, big-endian
    16 bytes address of the web process that waits
    32 bytes salt
    rest     AES-256-GCM under HKDF-SHA-256(transport key, salt), the head as associated data

Every frame has a key of its own, so the nonce is constant and nothing random is ever counted on
to differ by its use. Inside the body travels a fresh key for the one reply.
"""

import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = b"\x01"
QUEUED_AT = slice(25, 33)
DEADLINE = slice(33, 41)
HEAD_BYTES = 1 + 8 + 16 + 8 + 8 + 16 + 32
KEY_BYTES = 32
REPLY_HEAD_BYTES = 17
# Safe because no key ever seals twice.
_NONCE = bytes(12)


class NotOurs(Exception):
    """The frame was not sealed with a transport key of ours, or was changed on its way."""


@dataclass(frozen=True, slots=True)
class RequestFrame:
    """An opened request; times in ms since the epoch."""

    call_id: uuid.UUID
    queued_at: int
    deadline: int
    web: bytes
    reply_key: bytes = field(repr=False)
    payload: bytes = field(repr=False)


@dataclass(frozen=True)
class TransportKeys:
    """The keys that web and workers share; the first one seals, each of them opens."""

    keys: Sequence[bytes] = field(repr=False)

    @cached_property
    def by_id(self) -> dict[bytes, bytes]:
        return {_key_id(key): key for key in self.keys}

    def seal(self, frame: RequestFrame) -> bytes:
        """Return the frame as it may lie in the broker."""
        salt = os.urandom(32)
        head = b"".join(
            (
                FORMAT,
                _key_id(self.keys[0]),
                frame.call_id.bytes,
                frame.queued_at.to_bytes(8),
                frame.deadline.to_bytes(8),
                frame.web,
                salt,
            )
        )
        body = frame.reply_key + frame.payload
        return head + AESGCM(_message_key(self.keys[0], salt)).encrypt(_NONCE, body, head)

    def open(self, sealed: bytes) -> RequestFrame:
        """Return what was sealed; raises NotOurs."""
        head, body = sealed[:HEAD_BYTES], sealed[HEAD_BYTES:]
        key = self.by_id.get(head[1:9])
        if len(head) != HEAD_BYTES or head[:1] != FORMAT or key is None:
            raise NotOurs("Not a frame of this installation.")
        plain = _decrypt(_message_key(key, head[57:]), body, head)
        return RequestFrame(
            call_id=uuid.UUID(bytes=head[9:25]),
            queued_at=int.from_bytes(head[QUEUED_AT]),
            deadline=int.from_bytes(head[DEADLINE]),
            web=head[41:57],
            reply_key=plain[:KEY_BYTES],
            payload=plain[KEY_BYTES:],
        )


def seal_reply(payload: bytes, *, call_id: uuid.UUID, reply_key: bytes) -> bytes:
    """Return the one reply of a call, under the key that came with it."""
    head = FORMAT + call_id.bytes
    return head + AESGCM(reply_key).encrypt(_NONCE, payload, head)


def reply_call_id(sealed: bytes) -> uuid.UUID:
    """Return whose reply this claims to be; raises NotOurs for anything else."""
    if len(sealed) < REPLY_HEAD_BYTES or sealed[:1] != FORMAT:
        raise NotOurs("Not a reply.")
    return uuid.UUID(bytes=sealed[1:REPLY_HEAD_BYTES])


def open_reply(sealed: bytes, *, reply_key: bytes) -> bytes:
    """Return the reply's payload; raises NotOurs."""
    return _decrypt(reply_key, sealed[REPLY_HEAD_BYTES:], sealed[:REPLY_HEAD_BYTES])


def _message_key(key: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), length=KEY_BYTES, salt=salt, info=b"jigxmgmt lane request").derive(key)


def _decrypt(key: bytes, body: bytes, head: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(_NONCE, body, head)
    except InvalidTag as error:
        raise NotOurs("The frame was changed, or sealed with another key.") from error


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"jigxmgmt transport key id" + key).digest()[:8]
