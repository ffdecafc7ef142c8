"""Doing a thing once, however often it is asked: the meaning of `Idempotency-Key`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, Invalid
from jigxmgmt.origin import current_origin
from orgs.models import IdempotentRequest, User

REMEMBERED_FOR = timedelta(hours=24)
KEY_LENGTH = 255


class KeyUnusable(Invalid):
    code = "idempotency_key_invalid"


class KeyReused(Invalid):
    code = "idempotency_key_reused"


class StillRunning(Conflict):
    code = "still_running"


class AlreadyDone(Conflict):
    """It ended before; says which thing came of it, and never shows a secret again."""

    code = "already_done"

    def __init__(self, request: IdempotentRequest) -> None:
        super().__init__(_("This was done before, with this key."))
        self.outcome = request.outcome_status
        self.members = {
            "subject_id": request.subject_id,
            "correlation_id": str(request.correlation_id),
        }


def claim_request(
    caller: User, *, scope: str, key: str, body: bytes, now: datetime, correlation_id: UUID
) -> IdempotentRequest:
    """Record that this act begins, for whoever is first with this key.

    Whoever comes later is told the correlation id of the first. On PostgreSQL a claim waits for
    an earlier one whose transaction is still open, and then sees how that ended.

    Raises KeyUnusable, KeyReused (another body), StillRunning or AlreadyDone.
    """
    if not 0 < len(key) <= KEY_LENGTH or not key.isprintable():
        sentence = _("An Idempotency-Key has 1 to %(most)s printable characters.")
        raise KeyUnusable(sentence % {"most": KEY_LENGTH})
    names = {"caller": caller, "scope": scope, "key_digest": digest_of("key", key.encode())}
    IdempotentRequest.objects.expired(now).filter(**names).delete()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(
                **names,
                body_digest=digest_of("body", body),
                correlation_id=correlation_id,
                created_at=now,
                expires_at=now + REMEMBERED_FOR,
            )
    except IntegrityError:  # the constraint decides the race: somebody was first
        earlier = IdempotentRequest.objects.filter(**names).first()
    if earlier is None:  # and failed just now, which freed the key for a next attempt
        raise StillRunning(_("The first request with this key has only just failed."))
    if earlier.body_digest != digest_of("body", body):
        raise KeyReused(_("This key was used before, with another body."))
    if earlier.state == IdempotentRequest.State.RUNNING:
        raise StillRunning(_("The first request with this key is still running."))
    raise AlreadyDone(earlier)


@contextmanager
def done_once(
    caller: User, *, act: str, key: str | None, body: bytes, now: datetime
) -> Iterator[IdempotentRequest]:
    """Do an act in one transaction with the claim of its key, so that they stand or fall together.

    The act names what it made in the claim's `subject_id`. Without a key nothing is remembered.
    Raises as claim_request does.
    """
    if key is None:
        yield IdempotentRequest(caller=caller, scope=act)
        return
    origin = current_origin()
    # One transaction, not three: a process that died in between would leave a key that is
    # taken for a day by an act that never was.
    with transaction.atomic():
        claim = claim_request(
            caller, scope=act, key=key, body=body, now=now, correlation_id=origin.correlation_id
        )
        yield claim
        claim.end(status="done", subject_id=claim.subject_id)


def digest_of(purpose: str, content: bytes) -> str:
    """Return a keyed digest in hexadecimal, so that a row does not tell the content."""
    salt = f"orgs.idempotency.{purpose}"
    return salted_hmac(salt, content, algorithm="sha256").hexdigest()
