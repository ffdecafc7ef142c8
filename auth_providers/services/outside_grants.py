"""People's consents for outside services: given, used by calls, ended."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration, OutsideGrant, SignInTransaction
from auth_providers.models.grants import OutsideGrantQuerySet
from auth_providers.services.grant_renewal import (
    GrantedToken,
    NotConnected,
    ReconnectNeeded,
    RenewalUnavailable,
    fresh_access_token,
    require_use,
)
from auth_providers.services.grant_tokens import LONGEST_SCOPES, put_tokens
from auth_providers.services.providers import (
    ProviderTokens,
    check_response_issuer,
    redeem_code,
    verify_identity,
)
from auth_providers.services.routing import holds_redirect
from auth_providers.services.sign_in_transactions import (
    Begun,
    TransactionOver,
    begin_transaction,
    spend_transaction,
)
from auth_providers.services.vault import newest_data_key, ready_vault
from jigxmgmt.errors import FieldFault, Invalid, NotFound
from orgs import policies
from orgs.models import Membership, Organization, Solution, User
from orgs.services.audit import record_event, record_events

__all__ = [
    "GrantedToken",
    "NotConnected",
    "ReconnectNeeded",
    "RedirectUnregistered",
    "RenewalUnavailable",
    "begin_consent",
    "complete_consent",
    "end_grant",
    "end_grants_of_credential",
    "fresh_access_token",
    "grants_of",
    "grants_of_member",
    "grants_of_organization",
    "grants_of_solution",
]


class RedirectUnregistered(Invalid):
    code = "redirect_uri_unregistered"


def begin_consent(
    configuration: OAuthConfiguration,
    *,
    solution: Solution,
    credential_key: str,
    user: User,
    redirect_uri: str,
    code_challenge: str,
    now: datetime,
) -> Begun:
    """Send a person on their way to let this credential use their account at the provider.

    Raises NotAllowed, NotFound for another's configuration, RedirectUnregistered, and what
    begin_transaction does.
    """
    require_use(user, solution)
    _require_within(solution, configuration, redirect_uri)
    return begin_transaction(
        configuration,
        purpose=SignInTransaction.Purpose.CONSENT,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        now=now,
        user=user,
        email=user.email,
        solution=solution,
        credential_key=credential_key,
    )


def complete_consent(
    transaction_id: UUID,
    *,
    user: User,
    state: str,
    code: str,
    code_verifier: str,
    now: datetime,
    iss: str = "",
) -> OutsideGrant:
    """Keep what the provider gives for the code, in place of what there was.

    `iss` is the answer's own, where it had one (RFC 9207). It waits for the network, so call it in
    no transaction. Raises NotAllowed, ProviderRefused,
    and what spend_transaction does.
    """
    spent = spend_transaction(
        transaction_id,
        purpose=SignInTransaction.Purpose.CONSENT,
        state=state,
        code_verifier=code_verifier,
        now=now,
        user=user,
    )
    solution = _solution_of(spent)
    require_use(user, solution)
    configuration = spent.configuration
    check_response_issuer(configuration, iss or None)
    ready_vault(solution.organization)
    tokens = redeem_code(
        configuration, code=code, code_verifier=code_verifier, redirect_uri=spent.redirect_uri
    )
    _require_own_code(spent, tokens, now=now)
    return _keep(spent, tokens, solution=solution, user=user, now=now)


@transaction.atomic
def end_grant(grant: OutsideGrant, *, by: User) -> None:
    """Forget a consent and its tokens; a second time does nothing.

    For its person, and for whoever governs who uses the solution. Raises NotAllowed.
    """
    if by.pk != grant.user_id:
        policies.require_in_solution(by, policies.SolutionAct.GOVERN, grant.solution)
    if OutsideGrant.objects.filter(pk=grant.pk).delete()[0]:
        record_event(
            "outside_grant.end",
            by=by,
            subject=grant,
            organization=grant.solution.organization,
            changes=_named(grant, given=False),
        )


@transaction.atomic
def end_grants_of_credential(solution: Solution, credential_key: str, *, by: User) -> int:
    """Forget everybody's consents for a credential that is changed or gone; returns how many.

    Who is on the way to one begins again. Whoever calls holds the configuration, so that a consent
    that is being kept comes before or after. Raises NotAllowed.
    """
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    consents = SignInTransaction.objects.filter(purpose=SignInTransaction.Purpose.CONSENT)
    consents.filter(solution=solution, credential_key=credential_key).delete()
    everybody = OutsideGrant.objects.filter(solution=solution, credential_key=credential_key)
    locked = everybody.select_for_update(of=("self",)).order_by("pk")
    grants = list(locked.select_related("user", "configuration", "solution"))
    everybody.filter(pk__in=[grant.pk for grant in grants]).delete()
    record_events(
        "outside_grant.end",
        by=by,
        subjects=[(grant, _named(grant, given=False)) for grant in grants],
        organization=solution.organization,
    )
    return len(grants)


def grants_of(user: User) -> OutsideGrantQuerySet:
    """Return a person's own consents, where they are still a member."""
    return OutsideGrant.objects.standing().shown().filter(user=user)


def grants_of_member(membership: Membership, *, by: User) -> OutsideGrantQuerySet:
    """Return a member's consents in the solutions that whoever looks may see.

    Raises NotAllowed.
    """
    policies.require(by, policies.Act.SEE_PEOPLE, membership.organization)
    seen = policies.solutions_allowing(by, policies.SolutionAct.SEE)
    theirs = OutsideGrant.objects.standing().shown().filter(user=membership.user_id)
    return theirs.filter(solution__in=seen.filter(organization=membership.organization_id))


def grants_of_solution(solution: Solution, *, by: User) -> OutsideGrantQuerySet:
    """Return who is connected through this solution's credentials; raises NotAllowed."""
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    return OutsideGrant.objects.standing().shown().filter(solution=solution)


def grants_of_organization(organization: Organization, *, by: User) -> OutsideGrantQuerySet:
    """Return who is connected anywhere in an organization; raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    return OutsideGrant.objects.standing().shown().filter(solution__organization=organization)


def _require_within(
    solution: Solution, configuration: OAuthConfiguration, redirect_uri: str
) -> None:
    """Raise NotFound unless the solution may use the configuration, or RedirectUnregistered."""
    own = configuration.solution_id in (None, solution.pk)
    if not own or configuration.organization_id != solution.organization_id:
        raise NotFound(_("There is no such OAuth configuration."))
    if not holds_redirect(configuration, redirect_uri):
        sentence = _("The OAuth configuration does not have this redirect URL.")
        fault = FieldFault("/redirect_uri", sentence, RedirectUnregistered.code)
        raise RedirectUnregistered(sentence, faults=[fault])


def _require_own_code(spent: SignInTransaction, tokens: ProviderTokens, *, now: datetime) -> None:
    """Raise ProviderRefused for the code of another browser, where no PKCE tells (RFC 9700 4.5.3).

    A provider without OpenID Connect sends no ID token, and then nothing tells.
    """
    configuration = spent.configuration
    tells_by_nonce = configuration.uses_nonce and not configuration.uses_pkce
    if tells_by_nonce and configuration.issuer and tokens.id_token:
        verify_identity(
            configuration,
            tokens.id_token,
            nonce_digest=spent.nonce_digest,
            now=now,
            access_token=tokens.access_token,
        )


def _solution_of(spent: SignInTransaction) -> Solution:
    if spent.solution is None:
        raise NotFound(_("There is no such sign-in, or it was begun elsewhere."))
    return spent.solution


@transaction.atomic
def _keep(
    spent: SignInTransaction,
    tokens: ProviderTokens,
    *,
    solution: Solution,
    user: User,
    now: datetime,
) -> OutsideGrant:
    """Save the consent; raises TransactionOver when what it is for has changed meanwhile."""
    configuration = _hold_configuration(spent)
    grant = _hold_grant(configuration, solution, user, credential_key=spent.credential_key)
    put_tokens(grant, tokens, refresh_token=tokens.refresh_token, now=now)
    grant.configuration, grant.solution = configuration, solution
    grant.state = OutsideGrant.State.CONNECTED
    grant.scopes = (tokens.scope or configuration.scopes)[:LONGEST_SCOPES]
    grant.version += 1
    grant.connected_at, grant.refreshed_at, grant.refreshing_until = now, None, None
    grant.save()
    record_event(
        "outside_grant.connect",
        by=user,
        subject=grant,
        organization=solution.organization,
        changes=_named(grant, given=True),
    )
    return grant


def _hold_configuration(spent: SignInTransaction) -> OAuthConfiguration:
    """Return the configuration, held, if nothing has changed since; raises TransactionOver.

    The lock lets a change of configuration or credential, which ends grants, be before or after.
    """
    same = OAuthConfiguration.objects.select_for_update(no_key=True).filter(
        pk=spent.configuration_id, revision=spent.revision
    )
    configuration = same.first()
    # The end of a credential takes its transactions along, those that are spent too.
    if configuration is None or not SignInTransaction.objects.filter(pk=spent.pk).exists():
        raise TransactionOver(_("This sign-in is over; begin again."))
    return configuration


def _hold_grant(
    configuration: OAuthConfiguration, solution: Solution, user: User, *, credential_key: str
) -> OutsideGrant:
    """Return the row, held; a new one has no tokens yet, since sealing them takes its id."""
    defaults = {
        "configuration": configuration,
        "data_key": newest_data_key(solution.organization),
        "sealed_access_token": b"",
        "version": 0,
    }
    grant, _new = OutsideGrant.objects.select_for_update().get_or_create(
        user=user, solution=solution, credential_key=credential_key, defaults=defaults
    )
    return grant


def _named(grant: OutsideGrant, *, given: bool) -> dict[str, tuple[str | None, str | None]]:
    """Return what tells an event's reader which connection it was."""
    names = {"solution": str(grant.solution), "credential": grant.credential_key}
    return {field: (None, name) if given else (name, None) for field, name in names.items()}
