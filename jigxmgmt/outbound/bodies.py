"""Reads a body to its end or to its bound, whichever is first, decoding as it goes."""

import zlib

from aiohttp import ClientResponse

from jigxmgmt.outbound.failures import TooLarge, Unreachable

ACCEPT_ENCODING = "gzip, deflate"

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
# Frames, trailers and tiny bodies make encoded text longer than decoded text, by this much at most.
_ENCODING_OVERHEAD = 65_536
# RFC 1952 section 2.2 lets members follow each other; each costs a copy of what is left.
_MAX_MEMBERS = 256


async def read_body(response: ClientResponse, *, max_bytes: int) -> bytes:
    """Raise TooLarge beyond `max_bytes` decoded bytes, Unreachable for a coding not asked for.

    The caller closes the response, which drops the connection when the body was not read out.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    inflater = None if coding in ("", "identity") else Inflater(coding, max_bytes=max_bytes)
    limit = max_bytes if inflater is None else max_bytes + _ENCODING_OVERHEAD
    chunks: list[bytes] = []
    received = 0
    while chunk := await response.content.readany():
        received += len(chunk)
        if received > limit:
            raise TooLarge("The response is larger than allowed.")
        chunks.append(chunk if inflater is None else inflater.feed(chunk))
    if inflater is not None and received:
        inflater.require_end()
    return b"".join(chunks)


class Inflater:
    """Decode gzip or deflate in bounded steps: a bomb costs no more memory than the bound."""

    def __init__(self, coding: str, *, max_bytes: int) -> None:
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise Unreachable("The response has a content coding that was not asked for.")
        self._is_deflate = coding == "deflate"
        self._left = max_bytes
        self._members = 0
        self._stream = None if self._is_deflate else zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes) -> bytes:
        try:
            return self._inflate(chunk)
        except zlib.error:
            raise Unreachable("The response's content coding is broken.") from None

    def require_end(self) -> None:
        if self._stream is None or not self._stream.eof:
            raise Unreachable("The response ended early.")

    def _inflate(self, chunk: bytes) -> bytes:
        if self._stream is None:
            # RFC 9110 section 8.4.1.2: some servers send the raw form under the name of the other.
            self._stream = zlib.decompressobj(_ZLIB if chunk[0] & 0x0F == 8 else _RAW)
        decoded: list[bytes] = []
        while chunk:
            if self._stream.eof:
                self._begin_member()
            # One byte more than is left, so that a body of exactly the bound passes.
            piece = self._stream.decompress(chunk, self._left + 1)
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge("The response is larger than allowed once decoded.")
            decoded.append(piece)
            chunk = self._stream.unused_data or self._stream.unconsumed_tail
        return b"".join(decoded)

    def _begin_member(self) -> None:
        if self._is_deflate:
            raise Unreachable("The response's content coding is broken.")
        self._members += 1
        if self._members >= _MAX_MEMBERS:
            raise TooLarge("The response has too many compressed parts.")
        self._stream = zlib.decompressobj(_GZIP)
