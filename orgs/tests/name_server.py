"""A name server on loopback that says what a test has told it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from django.test import override_settings


@dataclass
class NameServer:
    """TXT records by name; a name with none of them exists all the same, others do not."""

    port: int
    texts: dict[str, list[str]] = field(default_factory=dict)
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, question: bytes) -> bytes:
        """Return what stands at the name that was asked for."""
        asked = dns.message.from_wire(question)
        answer = dns.message.make_response(asked)
        answer.flags |= dns.flags.AA
        name = asked.question[0].name
        self.asked.append(name.to_text(omit_final_dot=True))
        texts = self.texts.get(self.asked[-1])
        if self.fails:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            written = [_written(text) for text in texts]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *written))
        return answer.to_wire()


@contextmanager
def running_name_server() -> Iterator[NameServer]:
    """Run one for a test, and let the product ask it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        server = NameServer(port=listening.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(server, listening))
        thread.start()
        try:
            with override_settings(DNS_RESOLVERS=[f"127.0.0.1:{server.port}"]):
                yield server
        finally:
            listening.sendto(b"", listening.getsockname())
            thread.join()


def _serve(server: NameServer, listening: socket.socket) -> None:
    while True:
        question, peer = listening.recvfrom(4096)
        if not question:
            return
        listening.sendto(server.answer(question), peer)


def _written(text: str) -> str:
    """Quote a text as zone files do, in the strings of at most 255 bytes that it consists of."""
    raw = text.encode()
    pieces = [raw[start : start + 255] for start in range(0, len(raw), 255)]
    quoted = ("".join(f"\\{byte:03d}" for byte in piece) for piece in pieces)
    return " ".join(f'"{piece}"' for piece in quoted)
