"""A person's accounts at providers, on their profile: linking one, and unlinking it."""

import uuid
from functools import partial
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.console.sign_in_ways import end_way, read_arrival, send_away, turn_back
from auth_providers.models import SignInTransaction
from auth_providers.services.identities import issuer_as_known
from auth_providers.services.own_identities import (
    begin_link,
    complete_link,
    identities_of,
    linkable_configurations,
    unlink_identity,
)
from jigxmgmt.console import refusals_as_messages
from jigxmgmt.errors import DomainError
from orgs.console.entrance import posted_from
from orgs.http import UserHttpRequest
from orgs.models import User

MOST_IDENTITIES = 50


def sign_in_methods(request: UserHttpRequest) -> dict[str, Any]:
    """Return what the profile shows of them."""
    identities = list(identities_of(request.user)[:MOST_IDENTITIES])
    linked = {identity.issuer for identity in identities}
    ways = linkable_configurations(request.user)[:MOST_IDENTITIES]
    known = [(issuer_as_known(way, way.issuer), way) for way in ways]
    by_issuer = dict(known)
    return {
        "identities": [(identity, by_issuer.get(identity.issuer)) for identity in identities],
        "linkable": [way for issuer, way in known if issuer not in linked],
    }


# It lets somebody in from now on: more than a browser that somebody left open should do.
@posted_from("profile")
@reauthentication_required  # type: ignore[untyped-decorator]
def link(request: UserHttpRequest, configuration_id: uuid.UUID) -> HttpResponse:
    mine = linkable_configurations(request.user)
    configuration = get_object_or_404(mine, pk=configuration_id)
    beginning = partial(begin_link, configuration, by=request.user, now=timezone.now())
    try:
        return send_away(request, lambda challenge: beginning(code_challenge=challenge))
    except DomainError as refusal:
        messages.error(request, refusal.detail)
        return redirect("profile")


def arrive_link(request: HttpRequest, transaction: SignInTransaction) -> HttpResponse:
    """Tie the account that somebody came back with to the one they are signed in to."""
    if goodbye := turn_back(request, page=reverse("profile")):
        return goodbye
    assert isinstance(request.user, User)  # noqa: S101 (for types: turn_back has asked)
    arrival = read_arrival(request, transaction)
    try:
        complete_link(arrival, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return end_way(refusal)
    said = _("Your account at %(provider)s is linked. Sign in by it from now on, if you like.")
    messages.success(request, said % {"provider": transaction.configuration})
    return redirect("profile")


@posted_from("profile")
def unlink(request: UserHttpRequest, identity_id: uuid.UUID) -> HttpResponse:
    identity = get_object_or_404(identities_of(request.user), pk=identity_id)
    with refusals_as_messages(request):
        unlink_identity(identity, by=request.user)
        said = _("Your account at %(issuer)s is no longer linked.")
        messages.success(request, said % {"issuer": identity.provider})
    return redirect("profile")
