import os
import uuid
from dataclasses import replace

import pytest

from functions.calls.envelope import (
    HEAD_BYTES,
    NotOurs,
    RequestFrame,
    TransportKeys,
    open_reply,
    reply_call_id,
    seal_reply,
)

OLD, NEW = os.urandom(32), os.urandom(32)
FRAME = RequestFrame(
    call_id=uuid.uuid4(),
    queued_at=1_790_000_000_000,
    deadline=1_790_000_030_000,
    web=os.urandom(16),
    reply_key=os.urandom(32),
    payload=b'{"marker":"a value that must not be seen"}',
)


class TestRequest:
    def test_opens_as_it_was_sealed(self) -> None:
        assert TransportKeys([NEW]).open(TransportKeys([NEW]).seal(FRAME)) == FRAME

    def test_shows_neither_payload_nor_reply_key(self) -> None:
        sealed = TransportKeys([NEW]).seal(FRAME)

        assert b"a value that must not be seen" not in sealed
        assert FRAME.reply_key not in sealed
        assert "marker" not in repr(FRAME)

    def test_never_repeats_itself(self) -> None:
        keys = TransportKeys([NEW])

        assert keys.seal(FRAME)[HEAD_BYTES:] != keys.seal(FRAME)[HEAD_BYTES:]

    def test_opens_under_the_older_key_while_keys_are_rotated(self) -> None:
        assert TransportKeys([NEW, OLD]).open(TransportKeys([OLD]).seal(FRAME)) == FRAME

    def test_is_refused_without_its_key(self) -> None:
        with pytest.raises(NotOurs):
            TransportKeys([NEW]).open(TransportKeys([OLD]).seal(FRAME))

    @pytest.mark.parametrize("place", [0, 1, 9, 25, 33, 41, 57, HEAD_BYTES, -1])
    def test_is_refused_when_a_byte_of_it_was_changed(self, place: int) -> None:
        changed = bytearray(TransportKeys([NEW]).seal(FRAME))
        changed[place] ^= 1

        with pytest.raises(NotOurs):
            TransportKeys([NEW]).open(bytes(changed))

    @pytest.mark.parametrize("length", [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 15])
    def test_is_refused_when_it_was_cut(self, length: int) -> None:
        with pytest.raises(NotOurs):
            TransportKeys([NEW]).open(TransportKeys([NEW]).seal(FRAME)[:length])


class TestReply:
    def test_opens_for_its_caller(self) -> None:
        sealed = seal_reply(b"rows", call_id=FRAME.call_id, reply_key=FRAME.reply_key)

        assert reply_call_id(sealed) == FRAME.call_id
        assert open_reply(sealed, reply_key=FRAME.reply_key) == b"rows"

    def test_is_refused_for_another_call(self) -> None:
        sealed = seal_reply(b"rows", call_id=FRAME.call_id, reply_key=FRAME.reply_key)
        moved = sealed[:1] + uuid.uuid4().bytes + sealed[17:]

        with pytest.raises(NotOurs):
            open_reply(moved, reply_key=FRAME.reply_key)
        with pytest.raises(NotOurs):
            open_reply(sealed, reply_key=replace(FRAME, reply_key=os.urandom(32)).reply_key)

    def test_is_refused_when_it_is_no_reply(self) -> None:
        with pytest.raises(NotOurs):
            reply_call_id(b"short")
