"""Rows put in, and rows looked at, in few words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from functions.device.storage import Storage

Operations = Sequence[Mapping[str, Any]]


def store(
    storage: Storage,
    *records: Any,
    source: Mapping[str, Any] | None = None,
    operations: Operations = (),
    parameters: Mapping[str, Any] | None = None,
    entity: str = "customers",
    is_first_page: bool = True,
) -> int:
    return storage.store(
        source or {},
        entity=entity,
        records=records,
        operations=operations,
        parameters=parameters or {},
        is_first_page=is_first_page,
    )


def operate(storage: Storage, *operations: Mapping[str, Any], **parameters: Any) -> int:
    """Apply operations; their types without `operation.`."""
    named = [{**operation, "type": f"operation.{operation['type']}"} for operation in operations]
    return store(storage, operations=named, parameters=parameters)


def stored(storage: Storage, entity: str = "customers") -> dict[str, Any]:
    """Every row of an entity, by its id."""
    name = entity.replace('"', '""')
    found = storage.query(f'SELECT id, data FROM "{name}" ORDER BY rowid')  # noqa: S608
    return {key: json.loads(text) for key, text in found.rows}
