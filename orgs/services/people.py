"""Making people known and members of an organization."""

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from jigxmgmt.errors import FieldFault, Invalid
from orgs.models import Membership, Organization, User
from orgs.models.users import normal_email
from orgs.services.audit import record_event


class NotAnAddress(Invalid):
    code = "email_invalid"


class WeakPassword(Invalid):
    code = "password_weak"


@transaction.atomic
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
    check_password(password, User(email=email, first_name=first_name, last_name=last_name))
    user = User.objects.create_user(email, password, first_name=first_name, last_name=last_name)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    record_event("user.create", by=None, subject=user)
    return user


@transaction.atomic
def admit_member(
    user: User, *, organization: Organization, role: Membership.Role, by: User | None
) -> Membership:
    """Make the person a member with this role; a membership that exists stays as it is."""
    membership, is_new = Membership.objects.get_or_create(
        organization=organization, user=user, defaults={"role": role}
    )
    if is_new:
        record_event(
            "member.admit",
            by=by,
            subject=membership,
            organization=organization,
            changes={"role": (None, role)},
        )
    return membership


def checked_email(email: str) -> str:
    """Return the address in its kept spelling; raises NotAnAddress."""
    email = normal_email(email)
    try:
        validate_email(email)
    except ValidationError as error:
        fault = FieldFault("/email", "This is not an e-mail address.", "email_invalid")
        raise NotAnAddress("This is not an e-mail address.", faults=[fault]) from error
    return email


def check_password(password: str, user: User) -> None:
    """Raise WeakPassword, with every reason, unless the password is good enough."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        faults = [FieldFault("/password", reason, "password_weak") for reason in error.messages]
        raise WeakPassword(" ".join(error.messages), faults=faults) from error
