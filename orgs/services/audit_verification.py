"""Whether the chains of audit events are as they were made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Max

from jigxmgmt.errors import Invalid
from orgs.models import AuditChain, AuditEvent, AuditLink
from orgs.services.audit_chain import digest_of

READ_AT_ONCE = 1000


class NotAPlace(Invalid):
    code = "place_invalid"


@dataclass(frozen=True, slots=True)
class Place:
    """An event's place in a chain, and the digest there: what somebody notes and checks later."""

    scope: str
    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.scope}:{self.number}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at one chain found; `fault` is the first thing that is wrong, if any is."""

    end: Place
    fault: str = ""


def read_place(written: str) -> Place:
    """Return a place as it was noted; raises NotAPlace."""
    scope, number, digest = [*written.split(":"), "", "", ""][:3]
    if not (scope and number.isascii() and number.isdecimal() and len(digest) == 64):
        raise NotAPlace("A place is noted as SCOPE:NUMBER:DIGEST.")
    return Place(scope, int(number), digest.lower())


def scopes_of_chains() -> set[str]:
    """Return the scopes that have a chain, also those whose end was taken away."""
    ends = AuditChain.objects.values_list("scope")
    links = AuditLink.objects.order_by().values_list("scope")
    return {scope for (scope,) in ends.union(links)}


def verify_chain(scope: str, *, expected: Iterable[Place] = ()) -> Verdict:
    """Compute a chain anew, and compare it with what is kept and with what was noted."""
    # In this order: who appends moves the end in the same transaction.
    last = AuditLink.objects.filter(scope=scope).aggregate(last=Max("number"))["last"] or 0
    chain = AuditChain.objects.filter(scope=scope).first() or AuditChain(scope=scope)
    end = Place(scope, chain.length, chain.digest)
    noted: dict[int, set[str]] = {}
    for place in expected:
        if place.scope == scope:
            noted.setdefault(place.number, set()).add(place.digest)
    fault = next(_faults(end, noted), "")
    if not fault and last > end.number:
        fault = f"Event {end.number + 1} of {scope} was inserted behind the end of the chain."
    return Verdict(end, fault)


def find_smuggled_event() -> str:
    """Return a sentence on the first event that no act has left, if there is any."""
    event = AuditEvent.objects.smuggled().order_by("created_at", "pk").first()
    return f"Event {event.pk} was inserted: it is in no chain, and waits for none." if event else ""


def _faults(end: Place, noted: dict[int, set[str]]) -> Iterator[str]:
    """Go along a chain up to its end and say what is wrong there, one sentence a fault."""
    number, digest = 0, ""
    links = AuditLink.objects.filter(scope=end.scope, number__lte=end.number).order_by("number")
    for link in links.select_related("event").iterator(chunk_size=READ_AT_ONCE):
        number += 1
        if link.number != number:
            yield f"Event {number} of {end.scope} is missing."
            return
        digest = digest_of(link.event, number=number, previous=digest)
        if digest != link.digest or link.event.scope != end.scope:
            yield f"Event {number} of {end.scope} was changed or inserted: {link.event.pk}."
        if noted.pop(number, {digest}) != {digest}:
            yield f"Event {number} of {end.scope} is not the one that was noted: {link.event.pk}."
    if number < end.number:
        yield f"Event {number + 1} of {end.scope} is missing."
    if digest != end.digest:
        yield f"The end of {end.scope} was changed: it is not the digest of event {number}."
    for missing in sorted(noted):
        yield f"Event {missing} of {end.scope} was noted, and the chain has {end.number}."
