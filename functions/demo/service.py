"""A customer's service as one might meet it, on loopback: lists, pages, a create, refusals.

    python -m functions.demo.service --fd FD --key-file FILE

Knows nothing of the portal; the portal calls it as it calls any other.
"""

import argparse
import hmac
import itertools
import socket
from pathlib import Path
from typing import Any

from aiohttp import web

from functions.demo.records import CUSTOMERS, ORDERS, STOCK, TASKS
from jigxmgmt.keys import read_or_make_key

ORDERS_A_PAGE = 10
TASKS_A_PAGE = 10
NOTE_LENGTH = 500


class Service:
    """Its routes, and the notes that it was sent; those last as long as the process."""

    def __init__(self, *, key: str) -> None:
        self._key = key
        self._numbers = itertools.count(1)

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/customers", self.list_customers)
        application.router.add_get("/orders", self.list_orders)
        application.router.add_post("/orders/{order_id}/cancel", self.cancel_order)
        application.router.add_get("/tasks", self.list_tasks)
        application.router.add_post("/notes", self.create_note)
        application.router.add_get("/stock", self.list_stock)
        return application

    async def list_customers(self, request: web.Request) -> web.Response:
        return web.json_response({"value": CUSTOMERS})

    async def list_orders(self, request: web.Request) -> web.Response:
        """Page by link: each page but the last names the next one whole."""
        start = _number(request, "skip", default=0)
        answer: dict[str, Any] = {"value": ORDERS[start : start + ORDERS_A_PAGE]}
        if start + ORDERS_A_PAGE < len(ORDERS):
            rest = request.url.with_query(skip=start + ORDERS_A_PAGE)
            answer["nextLink"] = str(rest)
        return web.json_response(answer)

    async def list_tasks(self, request: web.Request) -> web.Response:
        """Page by number, from 1; the last page is the one that is not full."""
        start = (_number(request, "page", default=1) - 1) * TASKS_A_PAGE
        return web.json_response({"tasks": TASKS[start : start + TASKS_A_PAGE]})

    async def create_note(self, request: web.Request) -> web.Response:
        body = await request.json()
        text = body.get("note", {}).get("text", "")
        if not text or len(text) > NOTE_LENGTH:
            return _refusal(422, "note_text", f"A note has 1 to {NOTE_LENGTH} characters.")
        note = {"id": next(self._numbers), "customerId": body.get("customerId"), "text": text}
        return web.json_response(note, status=201)

    async def list_stock(self, request: web.Request) -> web.Response:
        given = request.headers.get("X-Api-Key", "")
        if not hmac.compare_digest(given.encode(), self._key.encode()):
            return _refusal(401, "api_key", "Send the API key in X-Api-Key.")
        return web.json_response({"items": STOCK})

    async def cancel_order(self, request: web.Request) -> web.Response:
        order_id = request.match_info["order_id"]
        order = next((order for order in ORDERS if order["orderId"] == order_id), None)
        if order is None:
            return _refusal(404, "order_unknown", f"There is no order {order_id}.")
        if order["shipped"]:
            return _refusal(409, "order_shipped", f"Order {order_id} has left the warehouse.")
        return web.json_response({"orderId": order_id, "cancelled": True})


def _number(request: web.Request, name: str, *, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise web.HTTPBadRequest(text=f"{name} is a number.")
    return int(text)


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


def main() -> None:
    """Serve until SIGTERM on the listening socket that was handed down."""
    parser = argparse.ArgumentParser(prog="demo service")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--key-file", type=Path, required=True)
    options = parser.parse_args()
    key = read_or_make_key(options.key_file)[0]
    listener = socket.socket(fileno=options.fd)
    web.run_app(Service(key=key).application(), sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
