"""What a device is given of a solution."""

import base64
import hashlib
from collections.abc import Set
from typing import Any

import orjson

from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import read_archive
from functions.services.definitions import definition_of
from functions.services.keychain import keychain_of, marks_of_keychain
from orgs.models import Solution, User


def synced_definition(solution: Solution) -> dict[str, Any]:
    """Return the live version: `{version, files, functions, settings, keychain}`.

    A file is text, or `{"base64": …}` where it is not UTF-8. A function's `held_back` are keys of
    credentials that it names and devices don't get, so that none of them is taken for a text.
    """
    live = PublishedVersion.objects.get(solution=solution, number=solution.version)
    files = {path: _as_json(content) for path, content in read_archive(bytes(live.archive)).items()}
    keychain = keychain_of(solution)
    held_back = _held_back(solution, {entry["key"] for entry in keychain})
    return {
        "version": live.number,
        "files": files,
        "functions": [
            _described(function, held_back.get(function.name, []))
            for function in live.functions.all()
        ],
        "settings": {"custom": solution.custom_settings},
        "keychain": keychain,
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


def _held_back(solution: Solution, given: Set[str]) -> dict[str, list[str]]:
    withheld = set(solution.credentials.values_list("key", flat=True)) - given
    local = definition_of.of_live(solution, on_device=True)
    return {definition.name: sorted(withheld & {*definition.default_keys}) for definition in local}


def _described(function: FunctionDefinition, held_back: list[str]) -> dict[str, Any]:
    return {
        "name": function.name,
        "path": function.path,
        "runs_on": "device" if function.runs_on_device else "server",
        "definition": orjson.loads(function.source),
        "held_back": held_back,
    }


def _as_json(content: bytes) -> str | dict[str, str]:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
