"""`Idempotency-Key` on calls: what was sent once is never sent again, and no output is kept."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict
from orgs.models import IdempotentRequest, User
from orgs.services.idempotency import AlreadyDone, StillRunning, claim_request, digest_of

NO_REPLY = "no_reply"
BROKEN = "error"


class AlreadyRan(Conflict):
    """It ran before: says under which correlation id and how it ended, never with what."""

    code = "already_ran"

    def __init__(self, earlier: AlreadyDone) -> None:
        super().__init__(_("This call ran before, with this key."))
        # Not `status`: that member is the HTTP status (RFC 9457 3.1.2).
        self.members = {
            "correlation_id": earlier.members["correlation_id"],
            "call_status": earlier.outcome,
        }


def claim_call(
    caller: User, *, act: str, key: str, body: bytes, call_id: UUID
) -> IdempotentRequest:
    """Claim the key for this call, whose id repeats are told as its correlation id.

    Raises KeyUnusable, KeyReused, StillRunning or AlreadyRan.
    """
    now = timezone.now()
    claim = partial(
        claim_request, caller, scope=act, key=key, body=body, now=now, correlation_id=call_id
    )
    try:
        try:
            return claim()
        except StillRunning:
            _end_forsaken(caller, act, key, now)
            return claim()
    except AlreadyDone as earlier:
        raise AlreadyRan(earlier) from None


def free_claim(claim: IdempotentRequest) -> None:
    """Forget a call that was not sent, so that it may be tried again under its key."""
    claim.delete()


def end_claim(claim: IdempotentRequest, *, status: str) -> None:
    """Remember how the call ended."""
    claim.end(status=status)


def _end_forsaken(caller: User, act: str, key: str, now: datetime) -> None:
    """End the claim of a web process that died: its call may have run, and is long over."""
    long_ago = now - timedelta(seconds=2 * settings.LANE_CALL_SECONDS)
    forsaken = IdempotentRequest.objects.filter(
        caller=caller,
        scope=act,
        key_digest=digest_of("key", key.encode()),
        created_at__lt=long_ago,
    )
    for claim in forsaken:
        claim.end(status=NO_REPLY)
