"""The server's end of one connection: packets, in TLS once that is agreed."""

import select
import socket
import ssl

from pysqlbridge.tds.packet import (
    HEADER_SIZE,
    Message,
    PacketStatus,
    PacketType,
    build_packet,
    reassemble,
)
from pysqlbridge.tds.tls import TlsError, TlsTunnel, wrap_handshake

PACKET_SIZE = 4096
SESSION = 66


class Gone(Exception):
    """The connection has ended, whoever ended it."""


class Wire:
    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._tunnel: TlsTunnel | None = None
        self._read = bytearray()
        self._unsent = bytearray()
        self._bytes_left: int | None = None

    def receive(self) -> Message:
        """Wait for a whole message."""
        while (message := self.received(wait=None)) is None:
            pass
        return message

    def received(self, *, wait: float | None) -> Message | None:
        """Return the next message, if it comes in time."""
        message = reassemble(bytes(self._read))
        if message is None and select.select([self._socket], [], [], wait)[0]:
            self._read += self._decrypted(self._more())
            message = reassemble(bytes(self._read))
        if message is not None:
            del self._read[: message.consumed]
        return message

    def secure(self, context: ssl.SSLContext, hello: bytes) -> None:
        """Agree on TLS, whose records travel in packets until it stands."""
        tunnel = TlsTunnel(context)
        records = tunnel.advance_handshake(hello)
        while True:
            self._socket.sendall(b"".join(wrap_handshake(records)))
            if tunnel.handshake_complete:
                break
            records = tunnel.advance_handshake(self.receive().payload)
        self._tunnel = tunnel

    def write(self, tokens: bytes) -> bool:
        """Take more of an answer, and answer whether a packet of it is full and has left."""
        self._unsent += tokens
        body, has_left = PACKET_SIZE - HEADER_SIZE, False
        while len(self._unsent) > body:
            self._send(bytes(self._unsent[:body]), PacketStatus.NORMAL)
            del self._unsent[:body]
            has_left = True
        return has_left

    def flush(self) -> None:
        """Let what was written leave; more will follow."""
        if self._unsent:
            self._send(bytes(self._unsent), PacketStatus.NORMAL)
            self._unsent.clear()

    def end_message(self) -> None:
        self._send(bytes(self._unsent), PacketStatus.END_OF_MESSAGE)
        self._unsent.clear()
        if self._bytes_left is not None:
            raise Gone

    def drop(self, *, after: int) -> None:
        """End the connection so many bytes later."""
        self.flush()
        self._bytes_left = after
        if not after:
            raise Gone

    def _send(self, body: bytes, status: PacketStatus) -> None:
        packet = build_packet(PacketType.TABULAR_RESULT, body, status=status, spid=SESSION)
        leaves = packet[: self._bytes_left]
        self._socket.sendall(self._tunnel.wrap(leaves) if self._tunnel else leaves)
        if self._bytes_left is not None:
            self._bytes_left -= len(leaves)
            if not self._bytes_left:
                raise Gone

    def _more(self) -> bytes:
        read = self._socket.recv(65536)
        if not read:
            raise Gone
        return read

    def _decrypted(self, read: bytes) -> bytes:
        if self._tunnel is None:
            return read
        try:
            decrypted: bytes = self._tunnel.unwrap(read)
        except TlsError:  # the client has said goodbye
            raise Gone from None
        return decrypted
