"""What a device is given of a solution. The keychain comes with local execution; it is not here."""

import base64
from typing import Any

import orjson

from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import read_archive
from orgs.models import Solution


def synced_definition(solution: Solution) -> dict[str, Any]:
    """Return the live version: `{version, files, functions, settings}`.

    A file is text, or `{"base64": …}` where it is not UTF-8.
    """
    live = PublishedVersion.objects.get(solution=solution, number=solution.version)
    files = {path: _as_json(content) for path, content in read_archive(bytes(live.archive)).items()}
    return {
        "version": live.number,
        "files": files,
        "functions": [_described(function) for function in live.functions.all()],
        "settings": {"custom": solution.custom_settings},
    }


def _described(function: FunctionDefinition) -> dict[str, Any]:
    return {
        "name": function.name,
        "path": function.path,
        "runs_on": "device" if function.runs_on_device else "server",
        "definition": orjson.loads(function.source),
    }


def _as_json(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
