"""The portal over HTTP: every request goes to the one address that a person gave."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from functions.device.refusals import Refused, Unreachable, Unusable, refused_by

SECONDS = 30.0
CONNECT_SECONDS = 10.0
USER_AGENT = "jigxmgmt-device"
NO_PORTAL = "What answers there is not a portal."


class Bearer(AuthBase):
    """Sends this token or none: without it the library would look for a password in `.netrc`."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Said(dict[str, Any]):
    """An object of an answer; raises Refused where it lacks what a portal would say."""

    def __missing__(self, key: str) -> NoReturn:
        raise Refused(NO_PORTAL)


class Portal:
    """Raises Unusable for an address that would send secrets in clear, before anything is sent."""

    def __init__(self, address: str) -> None:
        self.address = checked_address(address)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        # A proxy would carry what is meant for this computer alone.
        self._session.trust_env = self.address.startswith("https:")

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        seconds: float = SECONDS,
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> requests.Response:
        """Send and return the answer; `content` is `json`, `data` or `params`.

        Raises Unreachable, or Refused, also for a redirect: it could lead anywhere.
        """
        try:
            answer = self._session.request(
                method,
                f"{self.address}{path}",
                auth=Bearer(token),
                headers=headers,
                timeout=(CONNECT_SECONDS, seconds),
                allow_redirects=False,
                **content,
            )
        except requests.RequestException:
            answer = None
        # Outside the except clause: the library's message holds the URL.
        if answer is None:
            raise Unreachable(f"{self.address} can't be reached.")
        if answer.is_redirect:
            raise Refused(f"{self.address} sends its visitors elsewhere; give its real address.")
        if not answer.ok:
            raise refused_by(answer.status_code, _document(answer))
        return answer

    def post(self, path: str, given: Mapping[str, Any], **more: Any) -> Said:
        """Post JSON and return the answer's object; raises as `request` does."""
        return object_of(self.request("POST", path, json=given, **more))

    def close(self) -> None:
        self._session.close()


def object_of(answer: requests.Response) -> Said:
    """Return the JSON object that an answer holds; raises Refused for anything else."""
    document = _document(answer)
    if not isinstance(document, Said):
        raise Refused(NO_PORTAL, status=answer.status_code)
    return document


def _document(answer: requests.Response) -> Any:
    try:
        return answer.json(object_hook=Said)
    except (requests.JSONDecodeError, RecursionError):
        return None


def checked_address(address: str) -> str:
    """Return the portal's address without a slash at its end.

    Raises Unusable unless it is https, or leads to this very computer.
    """
    parts = urlsplit(address.strip())
    try:
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise Unusable("Give the portal's address, as https://portal.example.com.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise Unusable("The portal's address has to begin with https://, since secrets go there.")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
