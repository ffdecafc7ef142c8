"""*Required for everyone*: whom neither password nor passkey lets in any more, at any door."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from auth_providers import tasks
from auth_providers.models import SingleSignOn
from jigxmgmt.errors import NotAllowed
from orgs.models import Membership, Organization, User
from orgs.services.audit import record_event


class SingleSignOnRequired(NotAllowed):
    code = "single_sign_on_required"

    def __init__(self, organization: Organization) -> None:
        sentence = _("%(organization)s lets its people in by single sign-on only.")
        super().__init__(sentence % {"organization": organization})


def password_closed_for(user: User) -> Organization | None:
    """Return the organization, if any, for whose sake only single sign-on lets this person in."""
    return session_closed_by(user, opened_by=())


def session_closed_by(user: User, *, opened_by: Collection[UUID]) -> Organization | None:
    """Return who ends a session that providers of these organizations have opened, if anybody.

    Who is in several organizations that require it comes in by the provider of any of them.
    """
    requiring = list(_closed_to(user))
    if any(organization.pk in opened_by for organization in requiring):
        return None
    return requiring[0] if requiring else None


def require_open_password(user: User) -> None:
    """Raise SingleSignOnRequired where a password may not let this person in."""
    if organization := password_closed_for(user):
        raise SingleSignOnRequired(organization)


@transaction.atomic
def note_break_glass(user: User, *, methods: Iterable[str]) -> None:
    """Record, and tell the owners, that somebody came in past a single sign-on that is required."""
    spared = Organization.objects.filter(pk__in=_requiring(user).values("organization"))
    for organization in spared.exclude(pk__in=_closed_to(user).values("pk")):
        record_event(
            "single_sign_on.break_glass",
            by=user,
            subject=user,
            organization=organization,
            changes={"methods": (None, list(methods))},
        )
        for owner in organization.memberships.active().owners():
            tasks.send_break_glass_notice.delay_on_commit(
                membership_id=str(owner.pk), user_id=str(user.pk)
            )


def emergency_owners() -> QuerySet[Membership]:
    """Return the owners who were chosen for emergencies, and own their organization still."""
    chosen = SingleSignOn.break_glass.through.objects.filter(membership=OuterRef("pk"))
    return Membership.objects.active().owners().filter(Exists(chosen))


def _requiring(user: User) -> QuerySet[Membership]:
    return Membership.objects.active().filter(
        user=user,
        organization__single_sign_on__is_enabled=True,
        organization__single_sign_on__is_required=True,
    )


def _closed_to(user: User) -> QuerySet[Organization]:
    """Return the organizations that close the password to this person, by name.

    Where nobody is left of those for emergencies, every owner is one: else nobody could mend it.
    """
    emergency = emergency_owners()
    is_left = Exists(emergency.filter(organization=OuterRef("organization")))
    is_chosen = Exists(emergency.filter(pk=OuterRef("pk")))
    closed = _requiring(user).exclude(Q(is_chosen) | (Q(role=Membership.Role.OWNER) & ~Q(is_left)))
    return Organization.objects.filter(pk__in=closed.values("organization")).order_by("name")
