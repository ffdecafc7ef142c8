"""Accounts whose passwords an outside user pool keeps, bound to its subjects.

The pool is the operator's own, set once for the installation: what it says of an address counts as
if it had been proved here.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from auth_providers.cognito import Pool, PoolRefused, PoolUser, Refusal, configured_pool
from auth_providers.models import LinkedIdentity
from auth_providers.services.identities import find_identified, link_identity
from jigxmgmt.errors import DomainError, FieldFault, NotAllowed, TooMuch, Unavailable
from orgs.models import User
from orgs.models.addresses import normal_email
from orgs.services.audit import record_event
from orgs.services.passwords import NoteTaken
from orgs.services.people import WeakPassword, checked_email

MARKER = "user_pool:"


class PoolAway(Unavailable):
    code = "user_pool_unavailable"
    retry_after = 10


class PoolBusy(TooMuch):
    retry_after = 60


class ChallengeUnsupported(NotAllowed):
    """The pool wants a step that it offers at its own pages alone."""

    code = "challenge_unsupported"


class ResetRequired(NotAllowed):
    code = "password_reset_required"


class PoolPasswords:
    """Keeps passwords in the pool; none is in the database of this installation."""

    def take(self, email: str, password: str, *, first_name: str, last_name: str) -> NoteTaken:
        """Raises WeakPassword, PoolBusy or PoolAway.

        Where the row's transaction fails afterwards, the pool has the new password already. It
        lets in whoever has proved the address, as somebody whom only the pool knows if need be.
        """
        with pool_refusals():
            kept = the_pool().keep(email, password, first_name=first_name, last_name=last_name)
        return partial(bind_to_pool, subject=kept.subject)


@transaction.atomic
def bind_to_pool(user: User, *, subject: str) -> None:
    """Note that the pool keeps this person's password, and as whose. Raises IdentityTaken.

    In place of a password stands a mark, which is none and no hash of one: it says that there is
    one and, since it is another each time, ends the sessions that the one before had opened.
    """
    link_identity(user, issuer=the_pool().issuer, subject=subject, by=user)
    user.password = MARKER + secrets.token_hex(8)
    user.save(update_fields=["password"])


def the_pool() -> Pool:
    """Return the user pool of an installation that has one."""
    pool = configured_pool()
    assert pool is not None  # noqa: S101 (the settings that lead here name it)
    return pool


def authenticate_at_pool(email: str, password: str) -> User | None:
    """Return whose address and password these are; None for wrong ones and for unknown people.

    Somebody whom only the pool knows gets an account. Raises ChallengeUnsupported, ResetRequired,
    PoolBusy or PoolAway.
    """
    try:
        known = the_pool().check_password(normal_email(email), password)
    except PoolRefused as refused:
        # One that is not confirmed is told nothing either: the pool says it before the password.
        if refused.refusal in (Refusal.WRONG_CREDENTIALS, Refusal.NOT_CONFIRMED):
            return None
        raise refusal_of(refused) from None
    return find_identified(the_pool().issuer, known.subject) or _bound(known)


@transaction.atomic
def _bound(known: PoolUser) -> User | None:
    """Return the account of a pool's user from now on: the one of the proved address, or a new one.

    None where the pool has not proved the address, or somebody here claims it without proof.
    """
    if not known.is_email_verified:
        return None
    address = checked_email(known.email)
    user = User.objects.who_proved(address) or _new_account(known, address)
    bound_elsewhere = LinkedIdentity.objects.filter(user=user, issuer=the_pool().issuer)
    if user is None or bound_elsewhere.exists():
        return None
    bind_to_pool(user, subject=known.subject)
    return user


def _new_account(known: PoolUser, address: str) -> User | None:
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                address, first_name=known.first_name[:100], last_name=known.last_name[:100]
            )
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
    except IntegrityError:
        return None
    record_event("user.register", by=user, subject=user)
    return user


@contextmanager
def pool_refusals() -> Iterator[None]:
    """Say what a pool refuses in the domain's words."""
    try:
        yield
    except PoolRefused as refused:
        raise refusal_of(refused) from None


def refusal_of(refused: PoolRefused) -> DomainError:
    """Return the domain's word for a pool's refusal."""
    match refused.refusal:
        case Refusal.TOO_MANY:
            return PoolBusy(_("Too many attempts; wait a little."))
        case Refusal.CHALLENGE:
            sentence = _("Your account takes a step that this portal does not offer.")
            return ChallengeUnsupported(sentence)
        case Refusal.RESET_REQUIRED:
            return ResetRequired(_("Choose a new password first, by “Forgot your password?”."))
        case Refusal.PASSWORD_WEAK:
            sentence = _("The user pool takes longer or more mixed passwords only.")
            return WeakPassword(
                sentence, faults=[FieldFault("/password", sentence, "password_weak")]
            )
        case _:
            return PoolAway(_("Passwords can't be checked for a moment; try again."))
