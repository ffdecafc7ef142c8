"""Making people known and members of an organization."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict, FieldFault, Invalid
from orgs.models import Membership, Organization, User
from orgs.models.addresses import kept_email
from orgs.services.audit import record_event
from orgs.services.passwords import open_account, take_password

NAME_LENGTH = 100


class NotAnAddress(Invalid):
    code = "email_invalid"


class WeakPassword(Invalid):
    code = "password_weak"


class MembershipInactive(Conflict):
    code = "membership_inactive"


@dataclass(frozen=True, slots=True)
class Admission:
    """A membership, and whether it was made just now."""

    membership: Membership
    is_new: bool


def register_person(
    email: str, *, password: str, first_name: str = "", last_name: str = ""
) -> User:
    """Return the person of this address, made with a proved e-mail when there is none yet.

    An existing person keeps their password. Raises NotAnAddress or WeakPassword.
    """
    email = checked_email(email)
    existing = User.objects.filter(email=email).first()
    if existing:
        return existing
    names = {"first_name": first_name, "last_name": last_name}
    check_password(password, User(email=email, **names))
    note = take_password(User(email=email, **names), password)
    with transaction.atomic():
        user = open_account(email, note, **names)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        record_event("user.create", by=None, subject=user)
    return user


@transaction.atomic
def admit_member(
    user: User,
    *,
    organization: Organization,
    role: Membership.Role,
    by: User | None,
    now: datetime | None = None,
) -> Admission:
    """Make the person a member with this role; an active membership stays as it is.

    They are one from the given moment on: what is opened for them in the same request counts.
    Raises MembershipInactive: letting somebody back in is an act of its own.
    """
    membership, is_new = Membership.objects.get_or_create(
        organization=organization,
        user=user,
        defaults={"role": role, "active_since": now or timezone.now()},
    )
    if is_new:
        record_event(
            "member.admit",
            by=by,
            subject=membership,
            organization=organization,
            changes={"role": (None, role)},
        )
    if not membership.is_active:
        sentence = _("%(person)s was a member of %(organization)s and was let go.")
        raise MembershipInactive(sentence % {"person": user, "organization": organization})
    return Admission(membership, is_new)


@transaction.atomic
def set_member_role(membership: Membership, *, role: Membership.Role, by: User | None) -> None:
    """Give a member this role in place of their own. For operators."""
    before = membership.role
    if before == role:
        return
    membership.role = role
    membership.save(update_fields=["role"])
    record_event(
        "member.set_role",
        by=by,
        subject=membership,
        organization=membership.organization,
        changes={"role": (before, role)},
    )


def name_faults(**names: str) -> list[FieldFault]:
    """Return what is wrong with a person's names, each at its field."""
    sentence = _("A name has at most %(most)s printable characters.") % {"most": NAME_LENGTH}
    return [
        FieldFault(f"/{field}", sentence, "invalid")
        for field, name in names.items()
        if len(name) > NAME_LENGTH or not name.isprintable()
    ]


def kept_names(first_name: str, last_name: str) -> dict[str, str]:
    """Return what can be kept of names that others give: they stand in the subjects of letters."""
    names = {"first_name": first_name, "last_name": last_name}
    return {field: "" if name_faults(**{field: name}) else name for field, name in names.items()}


def checked_email(email: str) -> str:
    """Return the address in its kept spelling; raises NotAnAddress."""
    try:
        return kept_email(email)
    except ValidationError as error:
        (sentence,) = error.messages
        fault = FieldFault("/email", sentence, "email_invalid")
        raise NotAnAddress(sentence, faults=[fault]) from error


def check_password(password: str, user: User) -> None:
    """Raise WeakPassword, with every reason, unless the password is good enough."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        faults = [FieldFault("/password", reason, "password_weak") for reason in error.messages]
        raise WeakPassword(" ".join(error.messages), faults=faults) from error
