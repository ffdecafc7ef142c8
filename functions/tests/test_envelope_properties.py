"""Whatever is sealed: it opens as it was, for whom it was sealed, and unchanged only."""

import os
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.calls.envelope import (
    REPLY_HEAD_BYTES,
    NotOurs,
    RequestFrame,
    TransportKeys,
    open_reply,
    reply_call_id,
    seal_reply,
)

KEYS, OTHERS = TransportKeys([os.urandom(32)]), TransportKeys([os.urandom(32)])
REPLY_KEY = os.urandom(32)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abé", max_size=3), inner),
    max_leaves=12,
)
MOMENTS = st.integers(0, 2**64 - 1)
PLACES = st.integers(0, 10**6)
BITS = st.integers(0, 7)


def frame_of(payload: bytes, *, queued_at: int = 0, deadline: int = 0) -> RequestFrame:
    return RequestFrame(uuid.uuid4(), queued_at, deadline, os.urandom(16), REPLY_KEY, payload)


def changed(sealed: bytes, place: int, bit: int) -> bytes:
    altered = bytearray(sealed)
    altered[place % len(sealed)] ^= 1 << bit
    return bytes(altered)


class TestRequest:
    @settings(deadline=None, max_examples=100)
    @given(value=JSON, queued_at=MOMENTS, deadline=MOMENTS)
    def test_any_json_opens_as_it_was_sealed(
        self, value: Any, queued_at: int, deadline: int
    ) -> None:
        frame = frame_of(orjson.dumps(value), queued_at=queued_at, deadline=deadline)

        opened = KEYS.open(KEYS.seal(frame))

        assert opened == frame
        assert orjson.loads(opened.payload) == value

    @settings(deadline=None, max_examples=100)
    @given(payload=st.binary(max_size=200), place=PLACES, bit=BITS)
    def test_no_bit_of_it_can_be_changed(self, payload: bytes, place: int, bit: int) -> None:
        sealed = KEYS.seal(frame_of(payload))

        with pytest.raises(NotOurs):
            KEYS.open(changed(sealed, place, bit))

    @settings(deadline=None, max_examples=60)
    @given(payload=st.binary(max_size=200), length=PLACES, more=st.binary(min_size=1, max_size=9))
    def test_nothing_can_be_cut_off_or_added(
        self, payload: bytes, length: int, more: bytes
    ) -> None:
        sealed = KEYS.seal(frame_of(payload))

        for other in (sealed[: length % len(sealed)], sealed + more, more + sealed):
            with pytest.raises(NotOurs):
                KEYS.open(other)

    @settings(deadline=None, max_examples=60)
    @given(payload=st.binary(max_size=200))
    def test_it_opens_for_no_other_key(self, payload: bytes) -> None:
        sealed = KEYS.seal(frame_of(payload))
        renamed = sealed[:1] + OTHERS.seal(frame_of(payload))[1:9] + sealed[9:]

        for other in (sealed, renamed):
            with pytest.raises(NotOurs):
                OTHERS.open(other)

    @settings(deadline=None, max_examples=100)
    @given(noise=st.binary(max_size=300))
    def test_noise_is_not_ours(self, noise: bytes) -> None:
        with pytest.raises(NotOurs):
            KEYS.open(noise)


class TestReply:
    @settings(deadline=None, max_examples=100)
    @given(value=JSON, key=st.binary(min_size=32, max_size=32), call_id=st.uuids())
    def test_any_json_opens_for_its_caller(
        self, value: Any, key: bytes, call_id: uuid.UUID
    ) -> None:
        sealed = seal_reply(orjson.dumps(value), call_id=call_id, reply_key=key)

        assert reply_call_id(sealed) == call_id
        assert orjson.loads(open_reply(sealed, reply_key=key)) == value

    @settings(deadline=None, max_examples=100)
    @given(payload=st.binary(max_size=200), place=PLACES, bit=BITS, other=st.uuids())
    def test_it_opens_for_nobody_else_and_unchanged_only(
        self, payload: bytes, place: int, bit: int, other: uuid.UUID
    ) -> None:
        sealed = seal_reply(payload, call_id=uuid.uuid4(), reply_key=REPLY_KEY)
        moved = sealed[:1] + other.bytes + sealed[REPLY_HEAD_BYTES:]

        for forged in (changed(sealed, place, bit), moved, sealed[:-1], sealed + b"\0"):
            with pytest.raises(NotOurs):
                open_reply(forged, reply_key=REPLY_KEY)
        with pytest.raises(NotOurs):
            open_reply(sealed, reply_key=os.urandom(32))

    @settings(deadline=None, max_examples=100)
    @given(noise=st.binary(max_size=60))
    def test_noise_is_not_ours(self, noise: bytes) -> None:
        with pytest.raises(NotOurs):
            open_reply(noise, reply_key=REPLY_KEY)
