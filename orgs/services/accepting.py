"""Accepting an invitation by the link that went to its address.

Whoever has the link has read the mail, so it proves the address: somebody without an account makes
one with it. It opens nobody's existing account, though; that takes signing in.

An invitation stands as long as whoever sent it may give its role: with their right it ends.
"""

from collections.abc import Callable
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jigxmgmt.errors import DomainError, NotAllowed, NotFound
from orgs import policies
from orgs.models import Invite, Membership, Organization, SolutionMember, User
from orgs.services.audit import record_event
from orgs.services.invites import NotAnInvitation
from orgs.services.passwords import NoteTaken, open_account, take_password
from orgs.services.people import check_password, name_faults
from orgs.services.provisioning import Grants, provision_member

State = Invite.State


class InviteUnknown(NotFound):
    code = "invite_unknown"


class InviteUsed(InviteUnknown):
    code = "invite_used"


class InviteExpired(InviteUnknown):
    code = "invite_expired"


class InviteRevoked(InviteUnknown):
    code = "invite_revoked"


class SignInRequired(DomainError):
    """The address has an account, and the caller is not signed in to it."""

    code = "sign_in_required"
    status = 401


class InvitedAnother(NotAllowed):
    code = "invited_another"


def find_invite(digest: str, *, now: datetime) -> Invite:
    """Return the invitation whose newest link has this digest, with what comes with it.

    Raises InviteUnknown, InviteUsed, InviteExpired or InviteRevoked.
    """
    invites = Invite.objects.select_related("organization", "invited_by", "accepted_by")
    invite = invites.filter(token_digest=digest).first() if digest else None
    if invite is None or not Invite.objects.acceptable(now).filter(pk=invite.pk).exists():
        raise _unusable(invite, now)
    return invite


def account_of(invite: Invite) -> User | None:
    """Return the person whose address was invited, if they have an account."""
    return User.objects.filter(_is_theirs(invite.email)).distinct().first()


def is_for(invite: Invite, user: User) -> bool:
    """Answer whether it is this person's address that was invited."""
    return User.objects.filter(_is_theirs(invite.email), pk=user.pk).exists()


def require_backing(invite: Invite) -> None:
    """Raise InviteRevoked where whoever invited may not give its role any more, or is gone.

    It is still in the lists as open, until somebody tries to accept it.
    """
    if not _is_backed(invite):
        raise _revoked()


def accept_invite(invite: Invite, *, user: User, now: datetime) -> Membership:
    """Make who was invited a member, with everything that comes with it.

    Raises InvitedAnother, the refusals of find_invite (when it ended meanwhile) or
    MembershipInactive.
    """
    if not is_for(invite, user):
        sentence = _("This invitation is for %(email)s; you are %(mine)s.")
        raise InvitedAnother(sentence % {"email": invite.email, "mine": user.email})
    return _accept(invite, lambda _held: user, now)


def accept_vouched_invite(invite: Invite, *, user: User, now: datetime) -> Membership:
    """Make a member of whom the organization's own provider has vouched for, without the link.

    The caller has made sure that it is the invited address that was vouched for. Raises as
    accept_invite does.
    """
    return _accept(invite, lambda _held: user, now)


def pending_invite(organization: Organization, *, email: str, now: datetime) -> Invite | None:
    """Return the invitation of this address that somebody still stands behind, if there is one."""
    invites = Invite.objects.select_related("organization", "invited_by")
    invite = invites.acceptable(now).filter(organization=organization, email=email).first()
    return invite if invite and _is_backed(invite) else None


def accept_as_new_person(
    invite: Invite, *, password: str, first_name: str = "", last_name: str = "", now: datetime
) -> Membership:
    """Make the account of who was invited, with the address proved, and make them a member.

    It may wait for the network, so call it in no transaction. Raises SignInRequired, WeakPassword,
    NotAnInvitation, or the refusals of find_invite.
    """
    current = find_invite(invite.token_digest, now=now)
    if not _is_backed(current):
        raise _end_unbacked(current, now)
    person = _newcomer(current, password, first_name, last_name)
    note = take_password(person, password)
    return _accept(current, lambda held: _make_account(held, person, note), now)


def _accept(invite: Invite, who: Callable[[Invite], User], now: datetime) -> Membership:
    """Let the person in, or end what nobody stands behind any more; the end outlives the refusal.

    The account of `who` is made, if it has to be, in one transaction with the membership.
    """
    with transaction.atomic():
        held = _held(invite, now)
        if _is_backed(held):
            return _let_in(held, who(held), now)
    raise _end_unbacked(invite, now)


@transaction.atomic
def _end_unbacked(invite: Invite, now: datetime) -> InviteRevoked:
    """End what nobody stands behind any more, and return the refusal that tells of it."""
    held = _held(invite, now)
    before = held.state
    held.revoke(now)
    changes = {"state": (before, held.state)}
    record_event(
        "invite.revoke", by=None, subject=held, organization=held.organization, changes=changes
    )
    return _revoked()


def _is_backed(invite: Invite) -> bool:
    """Answer whether whoever invited may still give what the invitation gives."""
    by = invite.invited_by
    return by is not None and policies.can_grant(by, invite.organization, invite.role)


def _newcomer(invite: Invite, password: str, first_name: str, last_name: str) -> User:
    """Return who is about to have an account, not saved yet; raises as accept_as_new_person."""
    if account_of(invite):
        raise _sign_in_first(invite)
    names = {
        "first_name": first_name.strip() or invite.first_name,
        "last_name": last_name.strip() or invite.last_name,
    }
    if faults := name_faults(**names):
        raise NotAnInvitation(_("Some names are at fault."), faults=faults)
    person = User(email=invite.email, language=invite.language, **names)
    check_password(password, person)
    return person


def _make_account(held: Invite, person: User, note: NoteTaken) -> User:
    if account_of(held):
        raise _sign_in_first(held)
    fields = {name: getattr(person, name) for name in ("first_name", "last_name", "language")}
    try:
        with transaction.atomic():
            user = open_account(held.email, note, **fields)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError as error:  # they registered at this very moment
        raise _sign_in_first(held) from error
    record_event("user.register", by=user, subject=user)
    return user


def _held(invite: Invite, now: datetime) -> Invite:
    """Lock the invitation, so that two who accept it, or one who revokes it, come in turn."""
    rows = Invite.objects.select_for_update(of=("self",))
    rows = rows.select_related("organization", "invited_by")
    mine = rows.acceptable(now).filter(pk=invite.pk, token_digest=invite.token_digest)
    held = mine.first()
    if held is None:
        raise _unusable(Invite.objects.filter(pk=invite.pk).first(), now)
    return held


def _let_in(invite: Invite, user: User, now: datetime) -> Membership:
    if not invite.accept(user, now):
        raise _unusable(Invite.objects.filter(pk=invite.pk).first(), now)
    grants = Grants(
        role=Membership.Role(invite.role),
        solutions={
            given.solution: SolutionMember.Role(given.role)
            for given in invite.solutions.select_related("solution")
        },
        groups=list(invite.groups.select_related("solution")),
    )
    admission = provision_member(
        user, organization=invite.organization, grants=grants, by=user, now=now
    )
    record_event(
        "invite.accept",
        by=user,
        subject=invite,
        organization=invite.organization,
        changes={"state": (State.SENT, invite.state)},
    )
    return admission.membership


def _is_theirs(email: str) -> Q:
    return Q(email=email) | Q(emailaddress__email=email, emailaddress__verified=True)


def _sign_in_first(invite: Invite) -> SignInRequired:
    sentence = _("%(email)s has an account; sign in with it to accept.")
    return SignInRequired(sentence % {"email": invite.email})


def _revoked() -> InviteRevoked:
    return InviteRevoked(_("This invitation was revoked."))


def _unusable(invite: Invite | None, now: datetime) -> InviteUnknown:
    """Say why a link does not work, or does no longer."""
    if invite is None:
        return InviteUnknown(_("This link is none of ours, or a newer mail took its place."))
    if invite.state == State.ACCEPTED:
        return InviteUsed(_("This invitation was accepted already."))
    if invite.state == State.REVOKED:
        return _revoked()
    if invite.state == State.EXPIRED or invite.expires_at <= now:
        return InviteExpired(_("This invitation has expired."))
    return InviteUnknown(_("A newer mail took the place of this link."))
