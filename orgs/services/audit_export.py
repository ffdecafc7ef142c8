"""Audit events as a file, for those who keep or verify them elsewhere.

However many they are, a few thousand are in memory at once.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import Any

from orgs import policies
from orgs.models import AuditEvent, Organization, User
from orgs.services.audit import record_event
from orgs.services.audit_chain import document_of, link_events
from orgs.services.audit_log import Narrowing, chain_of, events_of

READ_AT_ONCE = 1000
# With one of these in front a spreadsheet takes a text for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
COLUMNS = (
    "number",
    "created_at",
    "act",
    "actor_id",
    "actor_label",
    "subject_id",
    "subject_label",
    "changes",
    "address",
    "correlation_id",
    "id",
    "digest",
)


class ExportFormat(StrEnum):
    CSV = "csv"
    JSON = "json"

    @property
    def content_type(self) -> str:
        return "application/json" if self is ExportFormat.JSON else "text/csv; charset=utf-8"


def export_events(
    organization: Organization, *, wanted: ExportFormat, narrowing: Narrowing, by: User
) -> Iterator[bytes]:
    """Return the events in the order of their chain, as pieces of a file, and record that.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.OVERSEE, organization)
    link_events(str(organization.pk))
    # Up to here, and not with the event of this export.
    chain = chain_of(organization, by=by)
    events = events_of(organization, narrowing=narrowing, by=by).filter(
        link__scope=chain.scope, link__number__lte=chain.length
    )
    record_event(
        "audit.export",
        by=by,
        subject=organization,
        organization=organization,
        changes={"format": (None, wanted)} | _narrowed(narrowing),
    )
    return WRITERS[wanted](events.order_by("link__number").iterator(chunk_size=READ_AT_ONCE))


def placed_document(event: AuditEvent) -> dict[str, Any]:
    """Return the event as clients read it: with its place, which is null while it waits."""
    link = getattr(event, "link", None)
    place = {"number": link and link.number, "digest": link and link.digest}
    return document_of(event) | place


def _narrowed(narrowing: Narrowing) -> dict[str, tuple[None, str]]:
    words = {name: getattr(narrowing, name) for name in narrowing.__slots__}
    return {name: (None, str(word)) for name, word in words.items() if word}


def _as_json(events: Iterator[AuditEvent]) -> Iterator[bytes]:
    """Write one array, an event a line."""
    lines = (json.dumps(placed_document(event), sort_keys=True) for event in events)
    yield b"["
    separator = "\n"
    while piece := list(islice(lines, READ_AT_ONCE)):
        yield (separator + ",\n".join(piece)).encode()
        separator = ",\n"
    yield b"\n]\n"


def _as_csv(events: Iterator[AuditEvent]) -> Iterator[bytes]:
    yield _csv_lines([COLUMNS])
    while piece := list(islice(events, READ_AT_ONCE)):
        yield _csv_lines(_cells(placed_document(event)) for event in piece)


def _csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(document: Mapping[str, Any]) -> list[str]:
    flat = {
        **document,
        "actor_id": document["actor"]["id"],
        "actor_label": document["actor"]["label"],
        "subject_id": document["subject"]["id"],
        "subject_label": document["subject"]["label"],
        "changes": json.dumps(document["changes"], sort_keys=True),
    }
    return [_harmless(flat[column]) for column in COLUMNS]


def _harmless(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


WRITERS: Mapping[ExportFormat, Callable[[Iterator[AuditEvent]], Iterator[bytes]]] = {
    ExportFormat.CSV: _as_csv,
    ExportFormat.JSON: _as_json,
}
