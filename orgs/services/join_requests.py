"""Requests to join: made by a person, decided by an administrator, taken back by either."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, NotAllowed, NotFound
from orgs import policies, tasks
from orgs.models import JoinRequest, Organization, User
from orgs.models.join_requests import JoinRequestQuerySet
from orgs.models.organizations import Membership
from orgs.services.audit import record_event
from orgs.services.joining import AlreadyMember, offered_organization
from orgs.services.members import NoLongerAMember, remove_member
from orgs.services.provisioning import Grants, provision_member

Status = JoinRequest.Status
UNDOABLE_FOR = timedelta(seconds=10)
# A second more: an undo that came in time has ended by then, and nobody is told of what it undid.
TOLD_AFTER = UNDOABLE_FOR + timedelta(seconds=1)


class NoSuchJoinRequest(NotFound):
    code = "join_request_unknown"


class AlreadyRequested(Conflict):
    code = "already_requested"


class CannotJoin(NotAllowed):
    code = "cannot_join"


class AlreadyDecided(Conflict):
    code = "already_decided"


class NoAccountYet(Conflict):
    code = "account_missing"


class AccountInactive(Conflict):
    code = "account_inactive"


class NotDecided(Conflict):
    code = "not_decided"


class TooLate(Conflict):
    code = "too_late"


class NothingToTakeBack(Conflict):
    code = "not_undoable"


@transaction.atomic
def request_to_join(
    user: User,
    *,
    organization: Organization,
    message: str,
    source: JoinRequest.Source,
    device: str = "",
    now: datetime,
) -> JoinRequest:
    """Ask for a place in an organization that the domain of the person's proved address offers.

    Whoever uses an organization's own app is in it already, so the app offers none by itself.
    Raises NoSuchOrganization, AlreadyMember, CannotJoin or AlreadyRequested.
    """
    organization = offered_organization(user, organization.pk)
    _require_stranger(user, organization)
    wanted = JoinRequest(
        organization=organization,
        user=user,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        message=message,
        device=device,
        source=source,
        created_at=now,
    )
    return open_join_request(wanted, by=user)


def _require_stranger(user: User, organization: Organization) -> None:
    """Raise AlreadyMember or CannotJoin for whom the organization knows."""
    membership = user.memberships.filter(organization=organization).first()
    if membership and membership.is_active:
        raise AlreadyMember(_("You are a member already."))
    if membership:
        raise CannotJoin(_("You can't join this organization."))


@transaction.atomic
def open_join_request(wanted: JoinRequest, *, by: User | None) -> JoinRequest:
    """Put a request whose right to be made was checked into the queue, and tell of it by mail.

    Raises AlreadyRequested while another of the same address is open.
    """
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError as error:  # the constraint decides the race
        raise AlreadyRequested(_("A request of this address is waiting already.")) from error
    record_event(
        "join_request.create",
        by=by,
        subject=wanted,
        organization=wanted.organization,
        changes={"source": (None, wanted.source)},
        actor_label=wanted.email,
    )
    tasks.send_join_request.delay_on_commit(join_request_id=str(wanted.pk))
    return wanted


def join_requests_of(organization: Organization, *, by: User) -> JoinRequestQuerySet:
    """Return an organization's requests, whatever became of them; raises NotAllowed."""
    policies.require(by, policies.Act.MANAGE_PEOPLE, organization)
    return JoinRequest.objects.filter(organization=organization)


@transaction.atomic
def withdraw_join_request(join_request: JoinRequest, *, by: User | None, now: datetime) -> None:
    """Take one's own request back; a second time does nothing.

    `by` is None for somebody without an account, who showed the request's token instead.
    Raises NotAllowed for somebody else's, AlreadyDecided or NoSuchJoinRequest.
    """
    if by and join_request.user_id != by.pk:
        raise NotAllowed(_("This is not your request."))
    if join_request.decide(Status.WITHDRAWN, by=by, now=now):
        _record("join_request.withdraw", join_request, by=by)
        return
    _read_anew(join_request, JoinRequest.objects.all())
    if join_request.status != Status.WITHDRAWN:
        raise already_decided(join_request)


@transaction.atomic
def withdraw_own_requests(user: User, *, organization_id: UUID | None, now: datetime) -> None:
    """Take all open requests of a person back, or those to one organization."""
    mine = JoinRequest.objects.pending().filter(user=user).select_related("organization")
    if organization_id:
        mine = mine.filter(organization=organization_id)
    for join_request in mine.order_by("pk"):
        if join_request.decide(Status.WITHDRAWN, by=user, now=now):
            _record("join_request.withdraw", join_request, by=user)


@transaction.atomic
def approve_join_request(
    join_request: JoinRequest, *, grants: Grants, by: User, now: datetime
) -> Membership:
    """Let the person in with these grants, and welcome them once it can't be undone any more.

    Raises NotAllowed, AlreadyDecided, NoSuchJoinRequest, NoAccountYet, AccountInactive or what
    provision_member does.
    """
    organization, user = join_request.organization, join_request.user
    policies.require_to_grant(by, organization, grants.role)
    if user is None:
        raise NoAccountYet(_("This person has no account yet."))
    if not user.is_active:
        raise AccountInactive(_("The account of this person is switched off."))
    if not join_request.decide(Status.APPROVED, by=by, now=now):
        raise already_decided(join_request)
    admission = provision_member(user, organization=organization, grants=grants, by=by, now=now)
    if admission.is_new:
        join_request.membership = admission.membership
        join_request.save(update_fields=["membership"])
    _record("join_request.approve", join_request, by=by, role=(None, grants.role))
    _tell_later(join_request)
    return admission.membership


@transaction.atomic
def deny_join_request(join_request: JoinRequest, *, reason: str, by: User, now: datetime) -> None:
    """Turn the person down, and tell them why once it can't be undone any more.

    Raises NotAllowed, AlreadyDecided or NoSuchJoinRequest.
    """
    policies.require(by, policies.Act.MANAGE_PEOPLE, join_request.organization)
    if not join_request.decide(Status.DENIED, by=by, now=now, reason=reason):
        raise already_decided(join_request)
    _record("join_request.deny", join_request, by=by, reason=("", reason))
    _tell_later(join_request)


@transaction.atomic
def undo_decision(join_request: JoinRequest, *, by: User, now: datetime) -> None:
    """Take one's own decision back within ten seconds, and the membership that it made.

    Raises NotAllowed, NoSuchJoinRequest, NotDecided, TooLate, NothingToTakeBack, AlreadyRequested
    or LastOwner.
    """
    policies.require(by, policies.Act.MANAGE_PEOPLE, join_request.organization)
    hold_join_request(join_request)
    _check_undoable(join_request, by=by, now=now)
    membership, before = join_request.membership, join_request.status
    if membership:
        _take_away(membership, by=by)
    try:
        with transaction.atomic():
            join_request.reopen()
    except IntegrityError as error:
        raise AlreadyRequested(_("This person has asked once more by now.")) from error
    _record("join_request.undo", join_request, by=by, before=before)


def hold_join_request(join_request: JoinRequest) -> None:
    """Read the row anew, and let nobody else decide it until the transaction ends.

    Raises NoSuchJoinRequest where it has gone with its organization.
    """
    held = JoinRequest.objects.select_for_update(of=("self",))
    related = held.select_related("organization", "user", "membership", "decided_by")
    _read_anew(join_request, related)


def already_decided(join_request: JoinRequest) -> AlreadyDecided:
    """Return the refusal that says what became of a request, and by whom.

    Raises NoSuchJoinRequest.
    """
    _read_anew(join_request, JoinRequest.objects.all())
    if join_request.status == Status.WITHDRAWN:
        return AlreadyDecided(_("The person has withdrawn this request."))
    who = join_request.decided_by.display_name if join_request.decided_by else _("Somebody else")
    if join_request.status == Status.APPROVED:
        return AlreadyDecided(_("%(who)s has approved this request already.") % {"who": who})
    return AlreadyDecided(_("%(who)s has denied this request already.") % {"who": who})


def _read_anew(join_request: JoinRequest, rows: JoinRequestQuerySet) -> None:
    try:
        join_request.refresh_from_db(from_queryset=rows)
    except JoinRequest.DoesNotExist as error:
        raise NoSuchJoinRequest(_("This request is no longer there.")) from error


def _check_undoable(join_request: JoinRequest, *, by: User, now: datetime) -> None:
    if join_request.decided_at is None or join_request.status == Status.WITHDRAWN:
        raise NotDecided(_("Nobody has decided this request."))
    if join_request.decided_by_id != by.pk:
        raise NotAllowed(_("Only whoever decided can undo it."))
    if join_request.decided_at <= now - UNDOABLE_FOR:
        raise TooLate(_("It is too late to undo this; the person is being told."))
    if join_request.status == Status.APPROVED and join_request.membership_id is None:
        raise NothingToTakeBack(_("They were a member before; the approval added nothing to undo."))


def _take_away(membership: Membership, *, by: User) -> None:
    try:
        remove_member(membership, by=by)
    except NoLongerAMember:  # somebody else was quicker
        return


def _tell_later(join_request: JoinRequest) -> None:
    """Mail the decision when it stands; the moment tells it from a later decision."""
    assert join_request.decided_at  # noqa: S101 (for types: it has just been decided)
    tasks.send_join_decision.apply_async_on_commit(
        kwargs={
            "join_request_id": str(join_request.pk),
            "decided_at": join_request.decided_at.isoformat(),
        },
        countdown=TOLD_AFTER.total_seconds(),
    )


def _record(
    act: str,
    join_request: JoinRequest,
    *,
    by: User | None,
    before: str = Status.PENDING,
    **changes: tuple[str | None, str],
) -> None:
    record_event(
        act,
        by=by,
        subject=join_request,
        organization=join_request.organization,
        changes={"status": (before, join_request.status), **changes},
        actor_label=join_request.email,
    )
