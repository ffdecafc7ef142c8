"""What a device is given of a solution."""

import base64
import hashlib
from typing import Any

import orjson

from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import read_archive
from functions.services.keychain import keychain_of, marks_of_keychain
from orgs.models import Solution, User


def synced_definition(solution: Solution) -> dict[str, Any]:
    """Return the live version: `{version, files, functions, settings, keychain}`.

    A file is text, or `{"base64": …}` where it is not UTF-8.
    """
    live = PublishedVersion.objects.get(solution=solution, number=solution.version)
    files = {path: _as_json(content) for path, content in read_archive(bytes(live.archive)).items()}
    return {
        "version": live.number,
        "files": files,
        "functions": [_described(function) for function in live.functions.all()],
        "settings": {"custom": solution.custom_settings},
        "keychain": keychain_of(solution),
    }


def sync_tag(solution: Solution, user: User) -> str:
    """Return a strong entity tag (RFC 9110 8.8.3) over all that the sync depends on.

    A digest of the keychain itself would let its secrets be guessed offline.
    """
    roles = solution.members.filter(membership__user=user).order_by("pk")
    parts = [
        str(solution.pk),
        solution.version,
        solution.custom_settings,
        marks_of_keychain(solution),
        [[str(pk), role] for pk, role in roles.values_list("pk", "role")],
    ]
    content = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return f'"{hashlib.sha256(content).hexdigest()}"'


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
