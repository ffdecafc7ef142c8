"""Where an organization's people are signed in, for those who look after them."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from auth_providers.models import Device
from auth_providers.services.devices import end_device
from jigxmgmt.errors import Conflict, NotAllowed
from orgs import policies
from orgs.models import Membership, User
from orgs.services.audit import record_event


class SessionEnded(Conflict):
    code = "session_ended"


def devices_of(membership: Membership, *, by: User, now: datetime) -> QuerySet[Device]:
    """Return a member's devices, by the organization's own apps and the installation's.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.MANAGE_PEOPLE, membership.organization)
    reaching = Q(app__organization=membership.organization) | Q(app__organization__isnull=True)
    devices = Device.objects.usable(now).filter(reaching, user=membership.user_id)
    return devices.select_related("app__organization")


def sessions_of(membership: Membership, *, by: User, now: datetime) -> QuerySet[UserSession]:
    """Return the browsers in which a member is signed in to the console; raises NotAllowed."""
    policies.require(by, policies.Act.MANAGE_PEOPLE, membership.organization)
    live = Session.objects.filter(expire_date__gt=now)
    sessions = UserSession.objects.filter(
        user=membership.user_id, session_key__in=live.values("session_key")
    )
    return sessions.order_by("-last_seen_at")


def is_nowhere_else(membership: Membership) -> bool:
    """Answer whether what the person does outside this organization's own apps is all for it."""
    others = Membership.objects.active().filter(user=membership.user_id)
    return not others.exclude(pk=membership.pk).exists()


@transaction.atomic
def end_member_device(device: Device, *, membership: Membership, by: User, now: datetime) -> None:
    """Sign a member out on a device; raises NotAllowed.

    On one of the installation's app only while the person is in no other organization: it may
    be that one's as well.
    """
    policies.require_to_grant(by, membership.organization, membership.role)
    if device.user_id != membership.user_id:
        raise NotAllowed(_("This is not a device of this person."))
    own = device.app.organization_id == membership.organization_id
    if not own and (device.app.organization_id or not is_nowhere_else(membership)):
        raise NotAllowed(_("This device may serve another organization too."))
    end_device(device, act="device.revoke", by=by, now=now, organization=membership.organization)


@transaction.atomic
def end_member_session(session: UserSession, *, membership: Membership, by: User) -> None:
    """Sign a member out in a browser, while they are in no other organization.

    Raises NotAllowed, or SessionEnded.
    """
    policies.require_to_grant(by, membership.organization, membership.role)
    if session.user_id != membership.user_id or not is_nowhere_else(membership):
        raise NotAllowed(_("This browser may serve another organization too."))
    if not UserSession.objects.filter(pk=session.pk).delete()[0]:
        raise SessionEnded(_("This browser is signed out already."))
    Session.objects.filter(session_key=session.session_key).delete()
    record_event(
        "session.end",
        by=by,
        subject=membership.user,
        organization=membership.organization,
        changes={"browser": (session.user_agent, None)},
    )
