"""Ending at once all by which a person comes in."""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from oauth2_provider.models import Grant

from auth_providers.models import Device, OutsideGrant, PersonalAccessToken
from auth_providers.services.devices import end_device
from orgs.models import Organization, User
from orgs.services.audit import record_event


@transaction.atomic
def end_all_access(
    user: User, *, organization: Organization | None, now: datetime, spared_session: str = ""
) -> None:
    """End a person's sessions, devices, personal tokens and consents, wherever they reach.

    For the directory of the organization that has proved the domain of the person's address,
    which speaks for the account, for operators, or for its owner, who spares the session that they
    are in. The person may sign in again where somebody still lets them.
    """
    sessions = UserSession.objects.filter(user=user).exclude(session_key=spared_session)
    Grant.objects.filter(user=user).delete()  # codes that would become devices
    keys = list(sessions.values_list("session_key", flat=True))
    devices = list(Device.objects.live(now).filter(user=user).select_related("app__organization"))
    for device in devices:
        end_device(device, act="device.revoke", by=None, now=now, organization=organization)
    tokens = PersonalAccessToken.objects.live(now).filter(user=user)
    counts = {
        "sessions": (Session.objects.filter(session_key__in=keys).delete()[0], 0),
        "devices": (len(devices), 0),
        "personal_access_tokens": (tokens.update(revoked_at=now), 0),
        "connections": (OutsideGrant.objects.filter(user=user).delete()[0], 0),
    }
    sessions.delete()
    record_event(
        "user.end_access", by=None, subject=user, organization=organization, changes=counts
    )


@transaction.atomic
def end_own_access(user: User, *, organization: Organization) -> None:
    """End the consents that a person gave for the organization's solutions.

    Devices of its apps need no end: they are asked for the membership at each use.
    """
    theirs = OutsideGrant.objects.filter(user=user, solution__organization=organization)
    if ended := theirs.delete()[0]:
        changes = {"connections": (ended, 0)}
        record_event(
            "user.end_access", by=None, subject=user, organization=organization, changes=changes
        )
