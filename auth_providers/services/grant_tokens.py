"""The two tokens of a consent: sealed as a pair, opened where a service or provider is called."""

from datetime import datetime, timedelta

from auth_providers.models import DataKey, OutsideGrant
from auth_providers.services.providers import ProviderTokens
from auth_providers.services.vault import open_secret, seal_secret

MODEL = "auth_providers.outsidegrant"
ACCESS, REFRESH = "sealed_access_token", "sealed_refresh_token"
LONGEST_SCOPES = 1000


def put_tokens(
    grant: OutsideGrant, tokens: ProviderTokens, *, refresh_token: str | None, now: datetime
) -> None:
    """Seal the pair into the row, which the caller saves, with when the access token ends."""
    grant.sealed_refresh_token = None
    if refresh_token is not None:
        grant.data_key, grant.sealed_refresh_token = _seal(grant, refresh_token, REFRESH)
    data_key, grant.sealed_access_token = _seal(grant, tokens.access_token, ACCESS)
    if refresh_token is not None and data_key != grant.data_key:
        # The organization's key was changed in between: both go under the new one.
        data_key, grant.sealed_refresh_token = _seal(grant, refresh_token, REFRESH)
    grant.data_key = data_key
    grant.expires_at = None
    if tokens.expires_in is not None:
        grant.expires_at = now + timedelta(seconds=tokens.expires_in)


def access_token_of(grant: OutsideGrant) -> str:
    """Return the token for the service alone."""
    return open_secret(
        bytes(grant.sealed_access_token),
        data_key=grant.data_key,
        model=MODEL,
        row=str(grant.pk),
        field=ACCESS,
    )


def refresh_token_of(grant: OutsideGrant) -> str | None:
    """Return the token for the provider alone; None where it gave none."""
    if grant.sealed_refresh_token is None:
        return None
    return open_secret(
        bytes(grant.sealed_refresh_token),
        data_key=grant.data_key,
        model=MODEL,
        row=str(grant.pk),
        field=REFRESH,
    )


def _seal(grant: OutsideGrant, plain: str, field: str) -> tuple[DataKey, bytes]:
    return seal_secret(
        plain,
        organization=grant.solution.organization,
        model=MODEL,
        row=str(grant.pk),
        field=field,
    )
