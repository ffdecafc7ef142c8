"""Tokens with which people's scripts act for them: made, extended, revoked."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import PersonalAccessToken
from auth_providers.models.personal_access_tokens import LIFETIME
from auth_providers.services.scopes import Scope, checked_scopes
from auth_providers.services.tokens import PERSONAL_PREFIX, Caller, ScopeMissing, personal_digest
from jigxmgmt.errors import Conflict, NotAllowed
from orgs.models import User
from orgs.services.audit import record_event

SHOWN_CHARACTERS = 12


class TokenEnded(Conflict):
    code = "token_ended"


@dataclass(frozen=True, slots=True)
class CreatedToken:
    """A new token with its secret, which nobody can see again."""

    token: PersonalAccessToken
    secret: str = field(repr=False)


@transaction.atomic
def create_personal_access_token(
    user: User, *, name: str, scopes: Iterable[str], by: User | None, now: datetime
) -> CreatedToken:
    """Make a token for a person; `by` is None for an operator's command. Raises ScopeUnknown."""
    secret = PERSONAL_PREFIX + secrets.token_urlsafe(32)
    token = PersonalAccessToken.objects.create(
        user=user,
        name=name,
        prefix=secret[:SHOWN_CHARACTERS],
        digest=personal_digest(secret),
        scopes=checked_scopes(scopes),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    record_event(
        "personal_access_token.create",
        by=by,
        subject=token,
        changes={"scopes": (None, token.scopes)},
    )
    return CreatedToken(token, secret)


def create_own_token(
    caller: Caller, *, name: str, scopes: Iterable[str], now: datetime
) -> CreatedToken:
    """Make a token for the caller that holds no scope but those of what they call with.

    A device may only through a first-party app of the installation: an organization's own stays
    in its organization, and a personal token would not. Raises NotAllowed, ScopeMissing or
    ScopeUnknown.
    """
    wanted = checked_scopes(scopes)
    if caller.device and not caller.device.app.is_first_party:
        raise NotAllowed(_("Only a first-party app may make personal access tokens."))
    if caller.confined_to:
        raise NotAllowed(_("This app stays in its organization; a personal token would not."))
    _require_all(caller, wanted)
    return create_personal_access_token(
        caller.user, name=name, scopes=wanted, by=caller.user, now=now
    )


@transaction.atomic
def extend_personal_access_token(token: PersonalAccessToken, *, by: User, now: datetime) -> None:
    """Let the token live two weeks longer; raises NotAllowed or TokenEnded."""
    _require_own(token, by)
    before = token.expires_at
    if not token.extend(now):
        raise TokenEnded(_("This token has expired or was revoked."))
    record_event(
        "personal_access_token.extend",
        by=by,
        subject=token,
        changes={"expires_at": (before.isoformat(), token.expires_at.isoformat())},
    )


@transaction.atomic
def revoke_personal_access_token(
    token: PersonalAccessToken, *, by: User | None, now: datetime
) -> None:
    """End the token at once; a second time does nothing.

    For its person and for operators, whose commands are `by` None. Raises NotAllowed.
    """
    if by and not by.is_staff:
        _require_own(token, by)
    if token.revoke(now):
        record_event("personal_access_token.revoke", by=by, subject=token)


def _require_own(token: PersonalAccessToken, user: User) -> None:
    if token.user_id != user.pk:
        raise NotAllowed(_("This is not your token."))


def _require_all(caller: Caller, wanted: Iterable[Scope]) -> None:
    missing = [scope for scope in wanted if scope not in caller.scopes]
    if missing:
        sentence = _("The calling token itself lacks %(scopes)s.")
        raise ScopeMissing(sentence % {"scopes": ", ".join(missing)})
