"""Letting in whoever asked to join, with the account and the identity that this takes."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from auth_providers.models import Device, LinkedIdentity
from auth_providers.services.identities import find_identified, link_identity
from auth_providers.services.registration import AccountExists
from orgs import policies
from orgs.models import JoinRequest, Membership, User
from orgs.services.audit import record_event
from orgs.services.join_requests import (
    already_decided,
    approve_join_request,
    hold_join_request,
    undo_decision,
)
from orgs.services.provisioning import Grants


@transaction.atomic
def admit_requester(
    join_request: JoinRequest, *, grants: Grants, by: User, now: datetime
) -> Membership:
    """Approve a request: account, identity link and membership come together, or none of them.

    An account that is there already is linked to no outside identity by this, nor is the address
    of a new one taken as proved, whatever domains the organization has proved: the organization
    speaks for the domain, but whoever decides could claim the mailbox of anybody in it.

    Raises AccountExists, IdentityTaken, or what approve_join_request does.
    """
    policies.require_to_grant(by, join_request.organization, grants.role)
    # Whoever decides at the same time waits here, before there is an account that both would make.
    hold_join_request(join_request)
    if join_request.status != JoinRequest.Status.PENDING:
        raise already_decided(join_request)
    if join_request.user_id is None:
        user, is_new = _account_for(join_request, by=by)
        join_request.user, join_request.made_account = user, is_new
        join_request.save(update_fields=["user", "made_account"])
    return approve_join_request(join_request, grants=grants, by=by, now=now)


@transaction.atomic
def retract_decision(join_request: JoinRequest, *, by: User, now: datetime) -> None:
    """Undo a decision, and remove the account that it made unless it was used by now.

    A request that came without an account is again without one. Raises what undo_decision does.
    """
    undo_decision(join_request, by=by, now=now)
    user, made_account = join_request.user, join_request.made_account
    if not (made_account or join_request.issuer):
        return
    is_unused = made_account and user is not None and _is_unused(user, join_request)
    if is_unused or not made_account:
        join_request.user = None
    join_request.made_account = False
    join_request.save(update_fields=["user", "made_account"])
    if user and is_unused:
        record_event("user.delete", by=by, subject=user)
        user.delete()


def _account_for(join_request: JoinRequest, *, by: User) -> tuple[User, bool]:
    """Return the requester's account, and whether it was made for them just now."""
    known = find_identified(join_request.issuer, join_request.subject)
    if known:
        return known, False
    address = Q(email=join_request.email)
    address |= Q(emailaddress__email=join_request.email, emailaddress__verified=True)
    if User.objects.filter(address).exists():
        raise AccountExists(
            _(
                "%(email)s has an account already, and nothing proves that it is this person's. "
                "Ask the person to sign in with their own account first, and to ask from there."
            )
            % {"email": join_request.email}
        )
    return _make_account(join_request, by=by), True


def _make_account(join_request: JoinRequest, *, by: User) -> User:
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                join_request.email,
                first_name=join_request.first_name,
                last_name=join_request.last_name,
            )
    except IntegrityError as error:
        raise AccountExists(_("This account was made a moment ago; look again.")) from error
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    record_event("user.create", by=by, subject=user, organization=join_request.organization)
    if join_request.issuer:
        link_identity(user, issuer=join_request.issuer, subject=join_request.subject, by=by)
    return user


def _is_unused(user: User, join_request: JoinRequest) -> bool:
    """Answer whether the account is as the approval made it: nobody came in by it."""
    traces = (
        user.memberships,
        Device.objects.filter(user=user),
        user.join_requests.exclude(pk=join_request.pk),
        LinkedIdentity.objects.filter(user=user).exclude(
            issuer=join_request.issuer, subject=join_request.subject
        ),
    )
    if user.last_login or user.has_usable_password():
        return False
    return not any(trace.exists() for trace in traces)
