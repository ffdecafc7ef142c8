"""A person's own accounts at providers, tied to theirs by hand while they are signed in."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from auth_providers import tasks
from auth_providers.models import LinkedIdentity, OAuthConfiguration, SignInTransaction
from auth_providers.services.arrivals import (
    Arrival,
    callback_url,
    identify_arrival,
    require_callback,
)
from auth_providers.services.identities import issuer_as_known, link_identity
from auth_providers.services.required_sign_on import password_closed_for
from auth_providers.services.sign_in_transactions import (
    Begun,
    begin_transaction,
    spend_transaction,
)
from auth_providers.services.single_sign_on_faults import has_own_means
from jigxmgmt.errors import Conflict, NotAllowed
from orgs.models import Membership, User
from orgs.services.audit import record_event
from orgs.services.members import hold_membership

LINK = SignInTransaction.Purpose.LINK


class NotYourOrganizations(NotAllowed):
    code = "not_a_member"


class LastWayIn(Conflict):
    code = "last_way_in"


def linkable_configurations(user: User) -> QuerySet[OAuthConfiguration]:
    """Return the providers by which people of this person's organizations sign in."""
    mine = Membership.objects.active().filter(user=user)
    return OAuthConfiguration.objects.filter(
        solution__isnull=True,
        organization__in=mine.values("organization"),
        organization__single_sign_on__is_enabled=True,
        organization__single_sign_on__configurations=F("pk"),
    ).select_related("organization")


def identities_of(user: User) -> QuerySet[LinkedIdentity]:
    """Return by which linked identities a person comes in."""
    return LinkedIdentity.objects.standing().filter(user=user)


def begin_link(
    configuration: OAuthConfiguration, *, by: User, code_challenge: str, now: datetime
) -> Begun:
    """Send somebody to a provider to show which account there is theirs.

    Raises NotYourOrganizations, CallbackUnregistered, or what begin_transaction does.
    """
    _require_linkable(configuration, by)
    require_callback(configuration)
    return begin_transaction(
        configuration,
        purpose=LINK,
        redirect_uri=callback_url(),
        code_challenge=code_challenge,
        now=now,
        user=by,
    )


def complete_link(arrival: Arrival, *, by: User, now: datetime) -> LinkedIdentity:
    """Tie the account at the provider to the person, and tell them by mail.

    Raises NotYourOrganizations, NotAMember, ProviderRefused, IdentityTaken, or what
    spend_transaction does.
    """
    spent = spend_transaction(
        arrival.transaction_id,
        purpose=LINK,
        state=arrival.state,
        code_verifier=arrival.code_verifier,
        now=now,
        user=by,
    )
    claims = identify_arrival(spent, arrival=arrival, now=now)
    issuer = issuer_as_known(spent.configuration, claims.issuer)
    with transaction.atomic():
        hold_membership(by, spent.configuration.organization)
        _require_linkable(spent.configuration, by)
        identity = link_identity(by, issuer=issuer, subject=claims.subject, by=by)
        _tell(by, act="identity.link")
    return identity


@transaction.atomic
def unlink_identity(identity: LinkedIdentity, *, by: User) -> None:
    """Untie one's own identity; a second time does nothing.

    Raises NotAllowed, or LastWayIn where nothing else would let the person in.
    """
    if identity.user_id != by.pk:
        raise NotAllowed(_("Only the person themself can unlink this."))
    # Two at a time would each leave the other.
    person = User.objects.select_for_update().get(pk=by.pk)
    is_spare = identities_of(person).exclude(pk=identity.pk).exists()
    if not is_spare and (password_closed_for(person) or not has_own_means(person)):
        raise LastWayIn(_("Nothing else lets you in; choose a password or add a passkey first."))
    if LinkedIdentity.objects.filter(pk=identity.pk).delete()[0]:
        changes = {"issuer": (identity.issuer, None)}
        record_event("identity.unlink", by=by, subject=person, changes=changes)
        _tell(person, act="identity.unlink")


def _require_linkable(configuration: OAuthConfiguration, by: User) -> None:
    if not linkable_configurations(by).filter(pk=configuration.pk).exists():
        raise NotYourOrganizations(_("This is no single sign-on of an organization of yours."))


def _tell(person: User, *, act: str) -> None:
    tasks.send_account_notice.delay_on_commit(user_id=str(person.pk), act=act, to=person.email)
