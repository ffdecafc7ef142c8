"""Whether the web server says that every part is there."""

import http.client
import ssl
import threading
import time
from http import HTTPStatus

ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.1


class Readiness:
    """Asks `/readyz` in a thread until it answers 200."""

    def __init__(self, address: tuple[str, int], *, name: str, uses_tls: bool) -> None:
        self._address = address
        self._name = name
        self._uses_tls = uses_tls
        self._is_ready = threading.Event()
        threading.Thread(target=self._ask_until_ready, name="readiness", daemon=True).start()

    def is_ready(self) -> bool:
        return self._is_ready.is_set()

    def _ask_until_ready(self) -> None:
        while not self._answers_ready():
            time.sleep(PAUSE_SECONDS)
        self._is_ready.set()

    def _answers_ready(self) -> bool:
        connection = self._connection()
        try:
            connection.request("GET", "/readyz", headers={"Host": self._name})
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address
        if not self._uses_tls:
            return http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
        # Our own listening socket, whose certificate names the installation and not its address.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=context)
