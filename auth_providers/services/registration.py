"""Making an account oneself: an address, a code that proves it, a password."""

from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from auth_providers.models import App, EmailCode
from auth_providers.services.email_codes import ask_email_code, find_email_code, spend_email_code
from jigxmgmt.errors import Conflict, FieldFault, Invalid
from orgs.models import User
from orgs.services.audit import record_event
from orgs.services.passwords import NoteTaken, open_account, take_password
from orgs.services.people import check_password, checked_email, name_faults

REGISTER = EmailCode.Purpose.REGISTER


class ClientUnknown(Invalid):
    code = "client_unknown"


class NamesInvalid(Invalid):
    code = "names_invalid"


class AccountExists(Conflict):
    """Told to nobody but who has just proved the address, or decides about a request of it."""

    code = "account_exists"


class ProofExpired(Conflict):
    code = "proof_expired"


def begin_registration(
    request: HttpRequest,
    *,
    email: str,
    first_name: str,
    last_name: str,
    now: datetime,
    client_id: str | None = None,
) -> None:
    """Mail a code to the address, or, where it has an account, how to sign in.

    Raises ClientUnknown, NamesInvalid, NotAnAddress, TooManyCodes or CacheAway.
    """
    _check_names(first_name, last_name)
    if client_id is not None and not App.objects.filter(client_id=client_id).exists():
        sentence = _("There is no such app.")
        fault = FieldFault("/client_id", sentence, ClientUnknown.code)
        raise ClientUnknown(sentence, faults=[fault])
    ask_email_code(
        request, REGISTER, email=email, first_name=first_name, last_name=last_name, now=now
    )


def resend_registration_code(request: HttpRequest, *, email: str, now: datetime) -> None:
    """Mail a new code to the address, with the names that were given before.

    Raises NotAnAddress, TooManyCodes or CacheAway.
    """
    email = checked_email(email)
    before = EmailCode.objects.filter(purpose=REGISTER, email=email).first()
    ask_email_code(
        request,
        REGISTER,
        email=email,
        first_name=before.first_name if before else "",
        last_name=before.last_name if before else "",
        now=now,
    )


def confirm_registration(
    request: HttpRequest,
    *,
    email: str,
    code: str,
    password: str,
    now: datetime,
    first_name: str = "",
    last_name: str = "",
) -> User:
    """Make the account of who knows the code, all in one step.

    Anybody may have asked for the code last, with any names; those given here come first. It may
    wait for the network, so call it in no transaction. Raises NotAnAddress, NamesInvalid,
    WeakPassword, CodeWrong, TooManyTries, CacheAway, PoolBusy, PoolAway or AccountExists.
    """
    _check_names(first_name, last_name)
    # Before the code, and without the names, which only its owner may learn of by guessing.
    check_password(password, User(email=checked_email(email)))
    proved = find_email_code(request, REGISTER, email=email, code=code, now=now)
    person = _newcomer(proved, password, first_name, last_name)
    note = take_password(person, password)
    with transaction.atomic():
        spend_email_code(proved, now=now)
        return _open_account(proved, person, note)


def prove_registration(request: HttpRequest, *, email: str, code: str, now: datetime) -> EmailCode:
    """Spend the code and return the proof, with which a password may be chosen for an hour.

    Raises NotAnAddress, CodeWrong, TooManyTries or CacheAway.
    """
    proved = find_email_code(request, REGISTER, email=email, code=code, now=now)
    spend_email_code(proved, now=now)
    return proved


def finish_registration(
    proof_id: UUID, *, password: str, first_name: str, last_name: str, now: datetime
) -> User:
    """Make the account of who has proved the address.

    It may wait for the network, so call it in no transaction. Raises ProofExpired, NamesInvalid,
    WeakPassword, PoolBusy, PoolAway or AccountExists.
    """
    _check_names(first_name, last_name)
    proofs = EmailCode.objects.proved(now).filter(purpose=REGISTER, pk=proof_id)
    person = _newcomer(_first(proofs), password, first_name, last_name)
    note = take_password(person, password)
    with transaction.atomic():
        return _open_account(_first(proofs.select_for_update()), person, note)


def _first(proofs: QuerySet[EmailCode]) -> EmailCode:
    proved = proofs.first()
    if proved is None:
        raise ProofExpired(_("That took too long; ask for a new code."))
    return proved


def _check_names(first_name: str, last_name: str) -> None:
    if faults := name_faults(first_name=first_name, last_name=last_name):
        raise NamesInvalid(_("Some names are at fault."), faults=faults)


def _newcomer(proved: EmailCode, password: str, first_name: str, last_name: str) -> User:
    """Return who is about to have an account, not saved yet; raises WeakPassword, AccountExists."""
    person = User(
        email=proved.email,
        first_name=first_name or proved.first_name,
        last_name=last_name or proved.last_name,
    )
    check_password(password, person)
    if proved.find_person():
        raise _account_exists()
    return person


def _open_account(proved: EmailCode, person: User, note: NoteTaken) -> User:
    """Make the account, which uses the proof up."""
    names = {"first_name": person.first_name, "last_name": person.last_name}
    if proved.find_person():
        raise _account_exists()
    try:
        with transaction.atomic():
            user = open_account(proved.email, note, **names)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError as error:  # an invitation was accepted at this very moment
        raise _account_exists() from error
    proved.delete()
    record_event("user.register", by=user, subject=user)
    return user


def _account_exists() -> AccountExists:
    return AccountExists(_("This address has an account already; sign in with it."))
