"""A solution's copy on the device: what it is made of on disk, its secrets in the keychain."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from functions.device.home import (
    Account,
    Home,
    make_private_folder,
    read_json,
    usable,
    write_private,
)
from functions.device.keychains import Keychain
from functions.device.portal import object_of
from functions.device.refusals import NotSynced, Refused
from functions.device.session import Session, tokens_entry
from functions.engine import Definition, check_definition

DEFINITION = "definition.json"
TABLES = "tables.sqlite3"
NOT_MODIFIED = 304
GONE = (403, 404)
SCRIPTS = "/scripts/expressions/*.js"


@dataclass(frozen=True, slots=True)
class Synced:
    """One version of a solution, as the portal described it."""

    id: str
    name: str
    title: str
    organization: dict[str, str]
    etag: str
    version: int
    settings: dict[str, Any]
    functions: list[dict[str, Any]]
    files: dict[str, Any]

    @property
    def context(self) -> dict[str, Any]:
        """What expressions see as `solution`."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title,
            "version": self.version,
            "organizationId": self.organization["id"],
            "settings": self.settings,
        }

    @property
    def scripts(self) -> dict[str, str]:
        """The JavaScript that expressions may call, by name."""
        return {
            PurePosixPath(path).stem: text
            for path, text in self.files.items()
            if isinstance(text, str) and PurePosixPath("/", path).match(SCRIPTS)
        }

    def definition(self, name: str) -> Definition:
        """Return a function, compiled; raises NotSynced."""
        for function in self.functions:
            if function["name"] == name:
                source = function["definition"]
                checked = check_definition(source, name=name, scripts=self.scripts)
                if checked.definition is not None:
                    return checked.definition
        raise self._unknown(name)

    def held_back(self, name: str) -> list[str]:
        """Name the credentials of a function that this device was not given; raises NotSynced."""
        for function in self.functions:
            if function["name"] == name:
                keys: list[str] = function["held_back"]
                return keys
        raise self._unknown(name)

    def _unknown(self, name: str) -> NotSynced:
        known = ", ".join(function["name"] for function in self.functions) or "none"
        return NotSynced(f"{self.name} has no function {name}; it has: {known}.")


def find_synced(home: Home, named: str) -> Synced:
    """Return this device's copy of a solution, by its name or id; raises NotSynced."""
    found = [synced for synced in all_synced(home) if named in (synced.id, synced.name)]
    if not found:
        raise NotSynced(f"{named} is not on this device. Fetch it by `device sync {named}`.")
    if len(found) > 1:
        raise NotSynced(f"Several solutions are called {named}; give the id.")
    return found[0]


def all_synced(home: Home) -> list[Synced]:
    kept = (read_json(home.solution_folder(each) / DEFINITION) for each in home.solution_ids())
    return [Synced(**document) for document in kept if document is not None]


def tables_path(home: Home, solution_id: str) -> Path:
    return home.solution_folder(solution_id) / TABLES


def sync_solution(
    session: Session, named: str, *, account: Account, home: Home, keychain: Keychain
) -> tuple[Synced, bool]:
    """Fetch the live version unless it is here, and return it, and whether anything was new.

    A solution that the person may not run any more is removed from the device. Raises Refused.
    """
    offered = _offered(session, named)
    folder = home.solution_folder(str(offered["id"]) if offered else _known_id(home, named))
    solution_id = folder.name  # by which a sign-out finds the secrets
    path = f"/api/v1/solutions/{solution_id}/definition"
    known = read_json(folder / DEFINITION)
    is_whole = known is not None and keychain.read(solution_id) is not None
    headers = {"If-None-Match": known["etag"]} if known and is_whole else {}
    try:
        answer = session.request("GET", path, headers=headers)
    except Refused as refusal:
        if known is None or refusal.status not in GONE or refusal.code == "version_unknown":
            raise
        answer = None
    if answer is None or offered is None:
        forget_solution(solution_id, home=home, keychain=keychain)
        raise Refused(f"You may not use {named} any more; it was removed from this device.")
    if answer.status_code == NOT_MODIFIED and known:
        return Synced(**known), False
    synced, credentials = _read(object_of(answer), offered, account, answer.headers.get("ETag", ""))
    synced = replace(synced, id=solution_id)
    with session.holding(), usable():
        make_private_folder(folder)
        # The secrets first: with the new tag in place they would not be asked for again.
        keychain.remove(tokens_entry(solution_id))
        keychain.write(solution_id, credentials)
        write_private(folder / DEFINITION, _written(synced))
    return synced, True


def forget_solution(solution_id: str, *, home: Home, keychain: Keychain) -> None:
    keychain.remove(solution_id)
    keychain.remove(tokens_entry(solution_id))
    home.remove_solution(solution_id)


def _offered(session: Session, named: str) -> Mapping[str, Any] | None:
    """Return the solution of this name or id among those that the person may run."""
    found: list[Mapping[str, Any]] = []
    path: str | None = "/api/v1/solutions"
    while path:
        page = session.get(path)
        found += [row for row in page["results"] if named in (row["id"], row["name"])]
        following = str(page.get("next") or "")
        path = f"/api/v1/solutions?{following.partition('?')[2]}" if following else None
    if len(found) > 1:
        ids = ", ".join(str(row["id"]) for row in found)
        raise Refused(f"Several solutions are called {named}; give the id: {ids}.")
    return found[0] if found else None


def _known_id(home: Home, named: str) -> str:
    try:
        return find_synced(home, named).id
    except NotSynced:
        pass
    raise Refused(f"There is no solution {named} that you may run.")


def _read(
    document: Mapping[str, Any], offered: Mapping[str, Any], account: Account, etag: str
) -> tuple[Synced, list[Any]]:
    organization_id = str(offered["organization_id"])
    synced = Synced(
        id=str(offered["id"]),
        name=str(offered["name"]),
        title=str(offered["title"]),
        organization={
            "id": organization_id,
            "name": account.organizations.get(organization_id, ""),
        },
        etag=etag,
        version=document["version"],
        settings=document["settings"],
        functions=document["functions"],
        files=document["files"],
    )
    return synced, document["keychain"]


def _written(synced: Synced) -> bytes:
    return json.dumps(asdict(synced), ensure_ascii=False).encode()
