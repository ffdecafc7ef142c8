"""A browser's way back to this program (RFC 8252, section 7.3), for one answer."""

import base64
import hashlib
import hmac
import queue
import secrets
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from functions.device.refusals import Refused, Unreachable

PATH = "/callback"
SECONDS = 300.0
IDLE_SECONDS = 10
# For so long the program waits at its end.
POLL_SECONDS = 0.05
PAGE = "<!doctype html><meta charset=utf-8><title>{0}</title><p>{0}"
DONE = "You can close this window and go back to the terminal."
NOT_THIS_ONE = "This is not the sign-in that the terminal waits for."


@dataclass(frozen=True, slots=True)
class Verifier:
    """Shows that whoever ends a sign-in began it (RFC 7636)."""

    text: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def challenge(self) -> dict[str, str]:
        digest = hashlib.sha256(self.text.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return {"code_challenge": challenge, "code_challenge_method": "S256"}


class Loopback:
    """Listens on 127.0.0.1, on a port that is free, until it is left.

    What comes without the right state is answered and forgotten: any page can send it.
    """

    def __init__(self) -> None:
        self._state = ""
        self._answers: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def __enter__(self) -> "Loopback":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def expect(self, state: str) -> None:
        """Take the answer to this sign-in from now on."""
        self._state = state

    def wait(self, *, seconds: float = SECONDS) -> dict[str, str]:
        """Return what the browser brings; raises Refused where the person was turned away."""
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            answer = {}
        if not answer:
            raise Unreachable("Nobody came back from the browser in time.")
        if "code" in answer:
            return answer
        if answer.get("error") == "access_denied":
            raise Refused("It was not allowed in the browser.")
        raise Refused("The sign-in in the browser failed.")

    def take(self, query: str) -> bool:
        """Answer whether this is what was waited for, and keep it; only the first counts."""
        answer = dict(parse_qsl(query))
        state = answer.get("state", "")
        if not self._state or not hmac.compare_digest(state.encode(), self._state.encode()):
            return False
        self._state = ""
        self._answers.put(answer)
        return True

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=POLL_SECONDS)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            timeout = IDLE_SECONDS

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                is_right = parts.path == PATH and loopback.take(parts.query)
                page = PAGE.format(DONE if is_right else NOT_THIS_ONE).encode()
                self.send_response(HTTPStatus.OK if is_right else HTTPStatus.BAD_REQUEST)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.send_header("Content-Security-Policy", "default-src 'none'")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *values: Any) -> None:
                """Say nothing: the code stands in the path."""

        return Handler
