"""A portal on loopback that says what a test wants, and a person who does."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from functions.device.calls import Ran, Wanted
from functions.device.client import Device

SOLUTION = "662cfe60-880f-4c89-83ad-15c5e4b117fb"
ORGANIZATION = "0c5e4b11-880f-4c89-83ad-15c5e4b117fb"
ME = {
    "id": "1",
    "email": "mia@acme.example",
    "display_name": "Mia",
    "organizations": [{"id": ORGANIZATION, "name": "Acme"}],
}
LIST = {"provider": "DATA_PROVIDER_REST", "url": "https://crm.example/customers"}
CREATE = {
    "provider": "DATA_PROVIDER_REST",
    "method": "POST",
    "url": "https://crm.example/customers",
    "parameters": {
        "id": {"location": "body", "type": "string"},
        "name": {"location": "body", "type": "string"},
        "age": {"location": "body", "type": "int"},
    },
}


def tokens(number: int = 1, *, expires_in: int = 900) -> dict[str, Any]:
    return {
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "token_type": "Bearer",
        "expires_in": expires_in,
        "device_id": "d",
    }


def problem(status: int, code: str, detail: str = "No.", **more: Any) -> Response:
    document = {"status": status, "code": code, "detail": detail, **more}
    return Response(json.dumps(document), status=status, content_type="application/problem+json")


def ran(**changes: Any) -> dict[str, Any]:
    """Return a call's answer."""
    rows = [{"id": "7", "name": "Ada"}]
    answer = {
        "status": "ok",
        "output": rows,
        "records": rows,
        "warnings": [],
        "operations": [],
        "error": None,
    }
    return answer | changes


@dataclass
class FakePortal:
    """Answers as the portal does; `heard` are the requests that came, in order."""

    server: HTTPServer
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    keychain: list[dict[str, Any]] = field(default_factory=list)
    held_back: tuple[str, ...] = ()
    files: dict[str, Any] = field(default_factory=dict)
    version: int = 1

    @property
    def address(self) -> str:
        return str(self.server.url_for("")).rstrip("/")

    @property
    def heard(self) -> list[Request]:
        return [request for request, _answer in self.server.log]

    def paths(self) -> list[str]:
        return [request.path for request in self.heard]

    def answer(self, path: str, given: Any, *, method: str = "POST") -> None:
        """Answer with JSON, a response, or what a function makes of the request."""
        expected = self.server.expect_request(path, method=method)
        if callable(given) and not isinstance(given, Response):
            expected.respond_with_handler(given)
        elif isinstance(given, Response):
            expected.respond_with_response(given)
        else:
            expected.respond_with_json(given)

    def forget(self) -> None:
        """Answer nothing any more but who is signed in."""
        self.server.clear()
        self.answer("/api/v1/me", ME, method="GET")

    def offer(self) -> None:
        """Offer one solution, whose version is this one."""
        solution = {
            "id": SOLUTION,
            "organization_id": ORGANIZATION,
            "name": "field",
            "title": "Field",
        }
        self.answer("/api/v1/me", ME, method="GET")
        self.answer("/api/v1/solutions", {"results": [solution], "next": None}, method="GET")
        self.answer(f"/api/v1/solutions/{SOLUTION}/definition", self.definition, method="GET")

    def call_path(self, function: str) -> str:
        return f"/api/v1/solutions/{SOLUTION}/functions/{function}/calls"

    def token_path(self, key: str) -> str:
        return f"/api/v1/solutions/{SOLUTION}/credentials/{key}/token"

    def definition(self, request: Request) -> Response:
        etag = f'"{self.version}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers={"ETag": etag})
        functions = [
            {
                "name": name,
                "path": f"functions/{name}.jigx",
                "runs_on": "device" if source.get("useLocalCall") else "server",
                "definition": source,
                "held_back": self.held_back,
            }
            for name, source in self.functions.items()
        ]
        document = {
            "version": self.version,
            "files": self.files,
            "functions": functions,
            "settings": {"custom": {}},
            "keychain": self.keychain,
        }
        return Response(
            json.dumps(document), content_type="application/json", headers={"ETag": etag}
        )


def hang_up(request: Request) -> Response:
    """Do what was asked, and lose the answer; by then it is known that it was asked."""

    def lost() -> Iterator[bytes]:
        request.environ["werkzeug.socket"].shutdown(2)
        yield b""

    return Response(lost())


@dataclass
class ScriptedPerson:
    """Answers in order, and follows a URL as `browse` says."""

    answers: list[str] = field(default_factory=list)
    browse: Callable[[str], None] = lambda _url: None
    visited: list[str] = field(default_factory=list)

    def ask(self, question: str) -> str:
        return self.answers.pop(0)

    def choose(self, question: str, options: Sequence[str]) -> int:
        return int(self.answers.pop(0))

    def agrees(self, question: str) -> bool:
        return self.answers.pop(0) == "y"

    def visit(self, url: str) -> None:
        self.visited.append(url)
        self.browse(url)


def run(device: Device, function: str, *pairs: str, **more: Any) -> Ran:
    """Run a function of the one solution that is synced."""
    with device.calls(device.synced("field")) as calls:
        return calls.run(Wanted(function=function, pairs=pairs, **more))


def rows(device: Device, entity: str) -> list[Any]:
    """Return the objects that are stored."""
    with device.storage(device.synced("field")) as storage:
        found = storage.query(f"SELECT data FROM {entity}").rows  # noqa: S608 (of a test)
    return [json.loads(data) for (data,) in found]


def everything(folder: Path) -> bytes:
    """Return what all files of a folder hold."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def come_back(url: str, **answer: str) -> None:
    """Go to where an authorization URL leads back, with its state and this answer."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    given = {"state": asked["state"], **answer}
    requests.get(asked["redirect_uri"], params=given, timeout=5)
