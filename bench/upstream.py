"""A service that answers 100 records at once, or after the milliseconds that the path names."""

import asyncio
import sys
from typing import cast

import orjson
import uvloop

RECORDS = [
    {
        "id": number,
        "name": f"Customer {number}",
        "email": f"customer{number}@example.com",
        "phone": f"+27 11 555 {number:04}",
        "address": {"street": f"{number} Main Road", "city": "Cape Town", "code": f"{number:04}"},
        "tags": ["north", "gold"],
        "balance": number * 10.25,
        "is_active": number % 2 == 0,
        "created": "2026-11-02T08:30:00Z",
        "owner": {"id": number % 7, "name": "Owner"},
        "notes": None,
    }
    for number in range(100)
]
BODY = orjson.dumps({"value": RECORDS})
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Length: " + str(len(BODY)).encode() + b"\r\n\r\n" + BODY
)


class Upstream(asyncio.Protocol):
    """HTTP/1.1, GET only: as light as can be, since it shares the cores with what is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._head = b""

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" not in self._head:
            return
        milliseconds = int(self._head.split(b" ", 2)[1].strip(b"/") or 0)
        self._head = b""
        loop = asyncio.get_running_loop()
        loop.call_later(milliseconds / 1000, self._transport.write, ANSWER)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
