"""How the tests let a provider's account be used by a credential."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from auth_providers.models import OAuthConfiguration, OutsideGrant
from auth_providers.oidc.authorization import challenge_of, new_verifier
from auth_providers.services.outside_grants import (
    GrantedToken,
    begin_consent,
    complete_consent,
    fresh_access_token,
)
from auth_providers.services.sign_in_transactions import Begun
from auth_providers.tests.hostile import Provider, nonce_of
from orgs.models import SolutionMember

REDIRECT = "http://127.0.0.1/callback"
VERIFIER = new_verifier()


def begin(member: SolutionMember, configuration: OAuthConfiguration, **changes: Any) -> Begun:
    """Send the member on their way to the provider."""
    asked: dict[str, Any] = {
        "solution": member.solution,
        "credential_key": "crm",
        "user": member.membership.user,
        "redirect_uri": REDIRECT,
        "code_challenge": challenge_of(VERIFIER),
        "now": timezone.now(),
    }
    return begin_consent(configuration, **asked | changes)


def code_of(provider: Provider, begun: Begun) -> str:
    """Let the provider's person consent."""
    challenge = challenge_of(VERIFIER)
    nonce = nonce_of(begun.authorization_url)
    return provider.code_for({"sub": "mia"}, nonce=nonce, code_challenge=challenge)


def complete(begun: Begun, code: str, member: SolutionMember, **changes: Any) -> OutsideGrant:
    """Come back with the code."""
    answer: dict[str, Any] = {
        "user": member.membership.user,
        "state": begun.state,
        "code": code,
        "code_verifier": VERIFIER,
        "now": timezone.now(),
    }
    return complete_consent(begun.transaction.pk, **answer | changes)


def connect(
    provider: Provider, member: SolutionMember, configuration: OAuthConfiguration | None = None
) -> OutsideGrant:
    """Go the whole way, to this configuration or to a new one."""
    organization = member.solution.organization
    configuration = configuration or provider.configure(organization, redirect_urls=[REDIRECT])
    begun = begin(member, configuration)
    return complete(begun, code_of(provider, begun), member)


def outlive(grant: OutsideGrant) -> None:
    """Let the access token end."""
    OutsideGrant.objects.filter(pk=grant.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )


def ask(grant: OutsideGrant, *, refused: str | None = None) -> GrantedToken:
    """Ask for the token that a call of the grant's person would use."""
    return fresh_access_token(
        user_id=grant.user_id,
        solution_id=grant.solution_id,
        credential_key=grant.credential_key,
        configuration_id=grant.configuration_id,
        now=timezone.now(),
        refused=refused,
    )
