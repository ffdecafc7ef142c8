"""A good access token out of a person's consent: one at a time renews it, all use it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic, sleep
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import OutsideGrant
from auth_providers.models.grants import OutsideGrantQuerySet
from auth_providers.services.grant_tokens import access_token_of, put_tokens, refresh_token_of
from auth_providers.services.providers import ProviderRefused, refresh_tokens
from auth_providers.services.vault import VaultAway, VaultKeyMissing, ready_vault
from jigxmgmt.errors import Conflict, NotAllowed, Unavailable
from orgs import policies
from orgs.models import Solution, User
from orgs.services.audit import record_event

MARGIN = timedelta(seconds=30)
LONGEST_WAIT, BETWEEN_LOOKS = 15.0, 0.1  # seconds
# RFC 6749 5.2, and what OpenID Connect Core 3.1.2.6 calls the same thing.
CONSENT_OVER = frozenset(
    {"invalid_grant", "interaction_required", "login_required", "consent_required"}
)
WITHOUT_REFRESH = "no_refresh_token"


class NotConnected(Conflict):
    """The person has given no consent, or may not use the solution any more."""

    code = "oauth_credentials_missing"


class ReconnectNeeded(Conflict):
    """The consent is over at the provider; only the person can give it anew."""

    code = "oauth_refresh_failed"


class RenewalUnavailable(Unavailable):
    """The provider gave no token just now; the consent stands."""

    code = "oauth_provider_unavailable"


@dataclass(frozen=True, slots=True)
class GrantedToken:
    """What a service is sent; the version names the pair, for saying that it was refused."""

    access_token: str = field(repr=False)
    expires_at: datetime | None
    version: str


def fresh_access_token(
    *,
    user_id: UUID,
    solution_id: UUID,
    credential_key: str,
    configuration_id: UUID,
    now: datetime,
    refused: str | None = None,
) -> GrantedToken:
    """Return a token that is good for a while, renewed at the provider where need be.

    `refused` is the version that the service has just answered 401 to. It waits for the network
    and for others who renew, so call it in a thread and in no transaction. Raises NotConnected,
    ReconnectNeeded, RenewalUnavailable, and as the vault does.
    """
    theirs = OutsideGrant.objects.standing().filter(
        user=user_id,
        solution=solution_id,
        credential_key=credential_key,
        configuration=configuration_id,
    )
    grant = _find(theirs)
    if not may_use(grant.user, grant.solution):
        raise NotConnected(_("Connect your account for this service first."))
    is_good = grant.expires_at is None or grant.expires_at > now + MARGIN
    if is_good and grant.fingerprint != refused:
        return _opened(grant)
    return _another(grant, theirs, now=now)


def may_use(user: User, solution: Solution) -> bool:
    """Answer whether the person may run the solution or try its functions, as a member."""
    may = policies.solutions_allowing(user, policies.SolutionAct.RUN)
    may |= policies.solutions_allowing(user, policies.SolutionAct.CONFIGURE)
    member = user.memberships.filter(is_active=True)  # which an operator as support is not
    return may.filter(pk=solution.pk, organization__in=member.values("organization")).exists()


def require_use(user: User, solution: Solution) -> None:
    """Raise NotAllowed unless the person may use connections of this solution."""
    if not may_use(user, solution):
        raise NotAllowed(_(policies.SolutionAct.RUN.value))


def _another(grant: OutsideGrant, theirs: OutsideGrantQuerySet, *, now: datetime) -> GrantedToken:
    """Return the next pair's token: renew it, or wait for who does."""
    began, old = monotonic(), grant.fingerprint
    while grant.fingerprint == old:
        waited = monotonic() - began
        if grant.take_lease(now + timedelta(seconds=waited)):
            renewed = _renew(grant, now=now + timedelta(seconds=waited))
            if renewed:
                return renewed
        elif waited > LONGEST_WAIT:
            raise RenewalUnavailable(_("This connection is being renewed. Try again."))
        else:
            sleep(BETWEEN_LOOKS)
        grant = _find(theirs)
    return _opened(grant)


def _find(theirs: OutsideGrantQuerySet) -> OutsideGrant:
    """Return the grant as it is now; raises NotConnected or ReconnectNeeded."""
    grant = theirs.select_related(
        "user",
        "data_key",
        "solution__organization",
        "configuration__organization",
        "configuration__data_key",
    ).first()
    if grant is None:
        raise NotConnected(_("Connect your account for this service first."))
    if grant.state == OutsideGrant.State.BROKEN:
        raise ReconnectNeeded(_("Connect your account for this service again."))
    return grant


def _renew(grant: OutsideGrant, *, now: datetime) -> GrantedToken | None:
    """Ask the provider, holding the lease.

    None when there is another pair by now, or none: whoever looks again finds out. Raises
    RenewalUnavailable, and as the vault does.
    """
    try:
        refresh_token = refresh_token_of(grant)
        if refresh_token is None:
            _break(grant, reason=WITHOUT_REFRESH)
            return None
        # First: what the provider gives in place of this token can't be had a second time.
        ready_vault(grant.solution.organization)
        tokens = refresh_tokens(grant.configuration, refresh_token=refresh_token)
    except (VaultAway, VaultKeyMissing):
        grant.free_lease()
        raise
    except (ProviderRefused, Unavailable) as refusal:
        if refusal.code in CONSENT_OVER:
            _break(grant, reason=refusal.code)
            return None
        grant.free_lease()
        raise RenewalUnavailable(_("The service's sign-in did not renew this token.")) from refusal
    # Most rotate it (RFC 9700 4.14.2); who does not, sends none, and the old one stays good.
    put_tokens(grant, tokens, refresh_token=tokens.refresh_token or refresh_token, now=now)
    return _opened(grant) if _write(grant, now=now) else None


def _write(grant: OutsideGrant, *, now: datetime) -> bool:
    """Save the new pair; false when the person connected anew, or ended it, meanwhile."""
    same = OutsideGrant.objects.filter(pk=grant.pk, version=grant.version)
    grant.version += 1
    return bool(
        same.update(
            # Also where a slower holder of the lease was taken for dead, and the next one,
            # whose token this one had spent, found the consent over.
            state=OutsideGrant.State.CONNECTED,
            data_key=grant.data_key,
            sealed_access_token=grant.sealed_access_token,
            sealed_refresh_token=grant.sealed_refresh_token,
            expires_at=grant.expires_at,
            version=grant.version,
            refreshing_until=None,
            refreshed_at=now,
        )
    )


@transaction.atomic
def _break(grant: OutsideGrant, *, reason: str) -> None:
    """Note that only the person can go on from here, unless they have done so already."""
    if grant.mark_broken():
        states = OutsideGrant.State
        record_event(
            "outside_grant.break",
            by=None,
            actor_label=str(grant.configuration),
            subject=grant,
            organization=grant.solution.organization,
            changes={"state": (states.CONNECTED, states.BROKEN), "reason": (None, reason)},
        )


def _opened(grant: OutsideGrant) -> GrantedToken:
    return GrantedToken(access_token_of(grant), grant.expires_at, grant.fingerprint)
