"""What people do to their account by the library's pages: recorded, and told to them by mail."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from auth_providers import tasks
from auth_providers.services.password_reset import record_password_reset
from orgs.models import User
from orgs.services.audit import record_event


def record_sign_in(user: User, *, methods: Iterable[str]) -> None:
    """Record that a browser was let in, and by what the person proved who they are."""
    changes = {"methods": (None, list(methods))}
    record_event("user.sign_in", by=user, subject=user, changes=changes)


def record_sign_out(user: User) -> None:
    record_event("user.sign_out", by=user, subject=user)


@transaction.atomic
def note_account_change(user: User, *, act: str) -> None:
    """Record what changed about how a person signs in, and tell them: it may be a thief's doing."""
    record_event(act, by=user, subject=user)
    tasks.send_account_notice.delay_on_commit(user_id=str(user.pk), act=act, to=user.email)


@transaction.atomic
def note_password_reset(user: User, *, now: datetime) -> None:
    """Record that a lost password was replaced, with all that this ends, and tell the person."""
    record_password_reset(user, now=now)
    tasks.send_password_was_reset.delay_on_commit(user_id=str(user.pk))


@transaction.atomic
def note_email_proof(user: User, *, before: str) -> None:
    """Record that the address was proved; where it replaced another, tell that one."""
    if before == user.email:
        record_event("user.prove_email", by=user, subject=user)
        return
    changes = {"email": (before, user.email)}
    record_event("user.change_email", by=user, subject=user, changes=changes)
    tasks.send_account_notice.delay_on_commit(
        user_id=str(user.pk), act="user.change_email", to=before
    )


@transaction.atomic
def end_own_sessions(sessions: Iterable[UserSession]) -> None:
    """Sign a person out in these browsers of theirs."""
    for session in sessions:
        session.end()
        record_event(
            "session.end",
            by=session.user,
            subject=session.user,
            changes={"browser": (session.user_agent, None)},
        )


@transaction.atomic
def rename_passkey(authenticator: Authenticator, *, name: str) -> None:
    """Call one's own passkey something else."""
    passkey: Any = authenticator.wrap()  # type: ignore[no-untyped-call]
    before = passkey.name
    if before == name:
        return
    passkey.name = name
    authenticator.save(update_fields=["data"])
    record_event(
        "passkey.rename",
        by=authenticator.user,
        subject=authenticator.user,
        changes={"name": (before, name)},
    )
