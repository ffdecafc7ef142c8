"""Inviting people by mail, and taking it back."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, DomainError, FieldFault, Invalid
from orgs import policies, tasks
from orgs.models import Invite, InviteSolution, Organization, User
from orgs.models.addresses import normal_email
from orgs.models.invites import INVITE_LIFETIME, InviteQuerySet
from orgs.models.languages import is_language
from orgs.services.audit import Changes, record_event, record_events
from orgs.services.people import MembershipInactive, NotAnAddress, checked_email, name_faults
from orgs.services.provisioning import Grants, check_grants

EXPIRED_AT_ONCE = 500
RESENT_EVERY = timedelta(minutes=1)


class NotAnInvitation(Invalid):
    code = "invitation_invalid"


class AlreadyMember(Conflict):
    code = "already_member"


class AlreadyInvited(Conflict):
    code = "already_invited"


class InviteEnded(Conflict):
    code = "invite_ended"


class SentJustNow(Conflict):
    code = "sent_just_now"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Who is to be invited, in which language, and to what."""

    email: str
    first_name: str = ""
    last_name: str = ""
    language: str = "en"
    grants: Grants = field(default_factory=Grants)


def invites_of(organization: Organization, *, by: User) -> InviteQuerySet:
    """Return the organization's invitations, those that ended too; raises NotAllowed."""
    policies.require(by, policies.Act.MANAGE_PEOPLE, organization)
    return Invite.objects.filter(organization=organization)


def seen_invites(organization: Organization, *, by: User, now: datetime) -> InviteQuerySet:
    """Return the invitations that may be accepted, of those that this person may know of.

    An address may be private until its person is in: whoever manages people sees all, others none.
    """
    if not policies.can(by, policies.Act.MANAGE_PEOPLE, organization):
        return Invite.objects.none()
    return Invite.objects.filter(organization=organization).acceptable(now)


@transaction.atomic
def invite_person(
    organization: Organization,
    *,
    email: str,
    first_name: str = "",
    last_name: str = "",
    language: str = "en",
    grants: Grants,
    by: User,
    now: datetime,
) -> Invite:
    """Invite an address; its mail goes out once this stands.

    Raises NotAllowed, NotOfThisOrganization, NotAnInvitation, AlreadyMember, MembershipInactive
    or AlreadyInvited.
    """
    policies.require_to_grant(by, organization, grants.role)
    check_grants(organization, grants)
    invitation = Invitation(normal_email(email), first_name, last_name, language, grants)
    if faults := faults_of(invitation):
        raise NotAnInvitation(_("This invitation has faults."), faults=faults)
    if obstacle := obstacles_to(organization, [invitation.email], now=now).get(invitation.email):
        raise obstacle
    return send_invitations(organization, [invitation], by=by, now=now)[0]


@transaction.atomic
def resend_invite(invite: Invite, *, language: str | None = None, by: User, now: datetime) -> None:
    """Send a new mail, whose link is good from now on; links that went out before are dead.

    The invitation is now by whoever sends it again, and stands or falls with their role.
    Raises NotAllowed, NotAnInvitation, SentJustNow, AlreadyMember, MembershipInactive,
    AlreadyInvited (while another one is open) or InviteEnded.
    """
    organization, before = invite.organization, (invite.state, invite.language)
    policies.require_to_grant(by, organization, invite.role)
    language = language or invite.language
    if not is_language(language):
        raise NotAnInvitation(_("There is no such language."), faults=[_unknown_language(language)])
    if invite.sent_at and invite.sent_at > now - RESENT_EVERY:
        raise SentJustNow(_("It went out less than a minute ago."))
    others = organization.invites.filter(email=invite.email).exclude(pk=invite.pk)
    _expire(others, by=by, now=now)
    obstacle = obstacles_to(organization, [invite.email], now=now, besides=invite)
    if obstacle:
        raise obstacle[invite.email]
    try:
        with transaction.atomic():
            is_open_again = invite.reopen(language=language, by=by, now=now)
    except IntegrityError as error:
        raise _already_invited(invite.email) from error
    if not is_open_again:
        raise InviteEnded(_("This invitation was accepted or revoked meanwhile."))
    changes = {"state": (before[0], invite.state), "language": (before[1], language)}
    _record("invite.resend", invite, by=by, changes=changes)
    tasks.send_invite.delay_on_commit(invite_id=str(invite.pk))


@transaction.atomic
def revoke_invite(invite: Invite, *, by: User, now: datetime) -> None:
    """End an invitation, so that its link lets nobody in; raises NotAllowed or InviteEnded."""
    before = invite.state
    policies.require_to_grant(by, invite.organization, invite.role)
    if not invite.revoke(now):
        raise InviteEnded(_("This invitation had ended already."))
    _record("invite.revoke", invite, by=by, changes={"state": (before, invite.state)})


def expire_invites(*, now: datetime) -> int:
    """Mark what nobody accepted in time as expired; return how many those were. For the clock."""
    return _expire(Invite.objects.all(), by=None, now=now)


def send_forgotten_invites(*, now: datetime) -> int:
    """Have mails sent of which no worker was ever told; return how many. For the clock."""
    forgotten = list(Invite.objects.forgotten(now).values_list("pk", flat=True))
    for pk in forgotten:
        tasks.send_invite.delay(invite_id=str(pk))
    return len(forgotten)


@transaction.atomic
def note_bounce(invite: Invite, *, now: datetime) -> None:
    """Record that the newest mail reaches nobody, unless another is due by now."""
    before = invite.state
    if invite.note_delivery(is_taken=False, now=now):
        _record("invite.bounce", invite, by=None, changes={"state": (before, invite.state)})


def faults_of(invitation: Invitation) -> list[FieldFault]:
    """Return what is wrong with an invitation in itself, whoever is in the organization."""
    faults: list[FieldFault] = []
    try:
        checked_email(invitation.email)
    except NotAnAddress as refusal:
        faults += refusal.faults
    faults += name_faults(first_name=invitation.first_name, last_name=invitation.last_name)
    if not is_language(invitation.language):
        faults.append(_unknown_language(invitation.language))
    return faults


def obstacles_to(
    organization: Organization,
    emails: Sequence[str],
    *,
    now: datetime,
    besides: Invite | None = None,
) -> dict[str, DomainError]:
    """Return, by address, why it cannot be invited: it is in, was disabled, or is invited."""
    members = organization.memberships.filter(user__email__in=emails)
    invites = organization.invites.acceptable(now).filter(email__in=emails)
    if besides:
        invites = invites.exclude(pk=besides.pk)
    obstacles: dict[str, DomainError] = {
        email: _already_invited(email) for email in invites.values_list("email", flat=True)
    }
    for email, is_active in members.values_list("user__email", "is_active"):
        obstacles[email] = _already_in(email, is_active=is_active)
    return obstacles


@transaction.atomic
def send_invitations(
    organization: Organization, invitations: Sequence[Invitation], *, by: User, now: datetime
) -> list[Invite]:
    """Keep invitations that were found to be in order, in few statements, and mail them.

    Raises AlreadyInvited when somebody else invited one of them just now.
    """
    emails = [invitation.email for invitation in invitations]
    _expire(organization.invites.filter(email__in=emails), by=by, now=now)
    invites = [_drafted(organization, invitation, by, now) for invitation in invitations]
    try:
        with transaction.atomic():
            Invite.objects.bulk_create(invites)
    except IntegrityError as error:  # the constraint decides the race
        raise AlreadyInvited(_("Somebody else has invited one of them just now.")) from error
    _keep_grants(invites, invitations)
    events = [
        (invite, _changes_of(invitation))
        for invite, invitation in zip(invites, invitations, strict=True)
    ]
    record_events("invite.create", by=by, organization=organization, subjects=events)
    for invite in invites:
        tasks.send_invite.delay_on_commit(invite_id=str(invite.pk))
    return invites


def _drafted(organization: Organization, invitation: Invitation, by: User, now: datetime) -> Invite:
    return Invite(
        organization=organization,
        email=invitation.email,
        first_name=invitation.first_name,
        last_name=invitation.last_name,
        language=invitation.language,
        role=invitation.grants.role,
        invited_by=by,
        created_at=now,
        expires_at=now + INVITE_LIFETIME,
    )


def _keep_grants(invites: Sequence[Invite], invitations: Sequence[Invitation]) -> None:
    pairs = list(zip(invites, invitations, strict=True))
    InviteSolution.objects.bulk_create(
        InviteSolution(invite=invite, solution=solution, role=role)
        for invite, invitation in pairs
        for solution, role in invitation.grants.solutions.items()
    )
    places = Invite.groups.through
    places.objects.bulk_create(
        places(invite=invite, solutiongroup=group)
        for invite, invitation in pairs
        for group in invitation.grants.groups
    )


def _changes_of(invitation: Invitation) -> Changes:
    grants = invitation.grants
    changes: dict[str, tuple[Any, Any]] = {
        "role": (None, grants.role),
        "language": (None, invitation.language),
    }
    if grants.solutions:
        roles = {solution.name: role for solution, role in grants.solutions.items()}
        changes["solutions"] = (None, roles)
    if grants.groups:
        changes["groups"] = (None, [group.name for group in grants.groups])
    return changes


def _expire(invites: InviteQuerySet, *, by: User | None, now: datetime) -> int:
    """Mark those that are past due as expired, some at a time; return how many."""
    expired = 0
    while batch := _expire_some(invites.past_due(now), by=by, now=now):
        expired += batch
    return expired


@transaction.atomic
def _expire_some(past_due: InviteQuerySet, *, by: User | None, now: datetime) -> int:
    held = past_due.select_related("organization").select_for_update(of=("self",))
    expired = list(held[:EXPIRED_AT_ONCE])
    state = Invite.State.EXPIRED
    rows = Invite.objects.filter(pk__in=[invite.pk for invite in expired])
    rows.update(state=state, ended_at=now)
    events: dict[Organization, list[tuple[Invite, Changes]]] = defaultdict(list)
    for invite in expired:
        events[invite.organization].append((invite, {"state": (invite.state, state)}))
    for organization, theirs in events.items():
        record_events("invite.expire", by=by, organization=organization, subjects=theirs)
    return len(expired)


def _record(act: str, invite: Invite, *, by: User | None, changes: Changes) -> None:
    record_event(act, by=by, subject=invite, organization=invite.organization, changes=changes)


def _refused(kind: type[DomainError], sentence: str) -> DomainError:
    return kind(sentence, faults=[FieldFault("/email", sentence, kind.code)])


def _already_invited(email: str) -> DomainError:
    return _refused(AlreadyInvited, _("%(email)s is invited already.") % {"email": email})


def _already_in(email: str, *, is_active: bool) -> DomainError:
    if is_active:
        return _refused(AlreadyMember, _("%(email)s is a member already.") % {"email": email})
    sentence = _("%(email)s is a member who was disabled; enable them under People.")
    return _refused(MembershipInactive, sentence % {"email": email})


def _unknown_language(language: str) -> FieldFault:
    sentence = _("There is no language “%(language)s”.") % {"language": language}
    return FieldFault("/language", sentence, "language_unknown")
