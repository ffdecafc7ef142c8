"""A person's own consent for what a solution's functions call: begun, kept, used, ended."""

import uuid
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration, OutsideGrant, SignInTransaction
from auth_providers.services.caller_tokens import LIFETIME, mint_caller_token
from auth_providers.services.outside_grants import (
    GrantedToken,
    RedirectUnregistered,
    begin_consent,
    complete_consent,
    end_grant,
    fresh_access_token,
    grants_of,
)
from auth_providers.services.private_ways import is_private_way
from auth_providers.services.providers import ready_provider
from auth_providers.services.routing import may_return_to
from auth_providers.services.sign_in_transactions import Begun, NoSuchTransaction
from auth_providers.services.tokens import Caller
from functions.engine.definitions import OUR_TOKEN
from functions.models import Credential
from functions.services.credential_uses import origins_of_our_token
from functions.services.credentials import NoSuchCredential, known_credential
from functions.services.definitions import keys_of_local_functions
from functions.services.origins import normal_origin
from functions.services.solutions import find_runnable_solution
from jigxmgmt.errors import FieldFault, NotAllowed, NotFound
from orgs.models import Solution, User

# What is said of a token whose provider did not say: short, so that a device asks again.
UNSAID_LIFETIME = timedelta(minutes=5)


class NotForLocalFunctions(NotAllowed):
    """The solution's server calls the service itself, so no device needs the token."""

    code = "not_for_local_functions"


class NotConnectedYet(NotFound):
    code = "authorization_unknown"


def ready_authorization(
    caller: Caller, *, solution_id: uuid.UUID, key: str, redirect_uri: str
) -> None:
    """Ask the provider what begin_authorization takes, before the transaction in which it begins.

    Raises NoSuchSolution, MayNotRun, NoSuchCredential or RedirectUnregistered.
    """
    solution = find_runnable_solution(caller, solution_id)
    _credential, configuration = personal_credential(solution, key=key)
    _require_return(caller, redirect_uri)
    ready_provider(configuration)


def begin_authorization(
    caller: Caller,
    *,
    solution_id: uuid.UUID,
    key: str,
    redirect_uri: str,
    code_challenge: str,
    now: datetime,
) -> Begun:
    """Send the caller on their way to the provider, and back to the app that they use.

    The redirect URI has to be one of the app and one of the configuration. In a transaction call
    ready_authorization before it. Raises NoSuchSolution, MayNotRun, NoSuchCredential, and what
    begin_consent does.
    """
    solution = find_runnable_solution(caller, solution_id)
    credential, configuration = personal_credential(solution, key=key)
    _require_return(caller, redirect_uri)
    return begin_consent(
        configuration,
        solution=solution,
        credential_key=credential.key,
        user=caller.user,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        now=now,
    )


def complete_authorization(
    caller: Caller,
    *,
    solution_id: uuid.UUID,
    key: str,
    transaction_id: uuid.UUID,
    state: str,
    code: str,
    code_verifier: str,
    now: datetime,
    iss: str = "",
) -> OutsideGrant:
    """Keep the caller's consent for this credential, as its configuration stands.

    Raises NoSuchSolution, MayNotRun, NoSuchCredential, NoSuchTransaction for another credential's,
    and what complete_consent does.
    """
    solution = find_runnable_solution(caller, solution_id)
    credential, configuration = personal_credential(solution, key=key)
    begun = SignInTransaction.objects.filter(
        pk=transaction_id,
        purpose=SignInTransaction.Purpose.CONSENT,
        solution=solution,
        credential_key=credential.key,
        configuration=configuration,
    )
    if not begun.exists():
        raise NoSuchTransaction(_("There is no such sign-in, or it was begun elsewhere."))
    return complete_consent(
        transaction_id,
        user=caller.user,
        state=state,
        code=code,
        code_verifier=code_verifier,
        now=now,
        iss=iss,
    )


def end_authorization(caller: Caller, *, solution_id: uuid.UUID, key: str) -> None:
    """End the caller's own consent. Raises NoSuchSolution, MayNotRun or NotConnectedYet."""
    solution = find_runnable_solution(caller, solution_id)
    grant = grants_of(caller.user).filter(solution=solution, credential_key=key).first()
    if grant is None:
        raise NotConnectedYet(_("You are not connected through this credential."))
    end_grant(grant, by=caller.user)


def token_for_device(
    caller: Caller,
    *,
    solution_id: uuid.UUID,
    key: str,
    now: datetime,
    refused: str | None = None,
    origin: str = "",
) -> GrantedToken:
    """Return the caller's own access token, for a function that runs on their device.

    `refused` is the version that the service has just answered 401 to. The key `jigx` asks for a
    token of our own, for one origin. Raises NoSuchSolution, MayNotRun, NoSuchCredential,
    NotForLocalFunctions where no local function of the live version names the credential, or sends
    our token there, and what fresh_access_token does.
    """
    solution = find_runnable_solution(caller, solution_id)
    if key == OUR_TOKEN:
        return _caller_token(caller.user, solution, origin=origin, now=now)
    credential, configuration = personal_credential(solution, key=key)
    if credential.key not in keys_of_local_functions(solution):
        raise NotForLocalFunctions(_("No function that runs on a device uses this credential."))
    return fresh_access_token(
        user_id=caller.user.pk,
        solution_id=solution.pk,
        credential_key=credential.key,
        configuration_id=configuration.pk,
        now=now,
        refused=refused,
    )


def _require_return(caller: Caller, redirect_uri: str) -> None:
    if caller.device is None or not may_return_to(caller.device.app, redirect_uri):
        sentence = _("The app does not have this redirect URL.")
        fault = FieldFault("/redirect_uri", sentence, RedirectUnregistered.code)
        raise RedirectUnregistered(sentence, faults=[fault])


def _caller_token(user: User, solution: Solution, *, origin: str, now: datetime) -> GrantedToken:
    wanted, networks = normal_origin(origin), solution.organization.allowed_networks
    is_sent = wanted in origins_of_our_token(solution)
    if wanted is None or not is_sent or not is_private_way(wanted, networks):
        raise NotForLocalFunctions(_("No function that runs on a device sends a token there."))
    token = mint_caller_token(
        user_id=str(user.pk),
        solution_id=str(solution.pk),
        organization_id=str(solution.organization_id),
        origin=wanted,
        now=now,
    )
    return GrantedToken(token, expires_at=now + LIFETIME, version="")


def seconds_left(token: GrantedToken, *, now: datetime) -> int:
    """Return how long a device may use a token before it asks again."""
    left = token.expires_at - now if token.expires_at else UNSAID_LIFETIME
    return max(int(left.total_seconds()), 0)


def personal_credential(solution: Solution, *, key: str) -> tuple[Credential, OAuthConfiguration]:
    """Return a credential that takes each person's own consent, and whose; or NoSuchCredential."""
    credential = known_credential(solution, key=key)
    if credential is None or credential.configuration is None:
        sentence = _("This solution has no OAuth credential %(key)s.")
        raise NoSuchCredential(sentence % {"key": key})
    return credential, credential.configuration


def connected_keys(solution: Solution, user: User) -> frozenset[str]:
    """Return the credentials through which this person is connected now."""
    mine = grants_of(user).filter(  # type: ignore[misc]  # the stubs don't see what is annotated
        solution=solution,
        credential_key=OuterRef("key"),
        configuration=OuterRef("configuration"),
        needs_reconnect=False,
    )
    return frozenset(solution.credentials.filter(Exists(mine)).values_list("key", flat=True))
