"""The client secrets of OAuth configurations: sealed here, opened where a provider is called."""

from datetime import datetime

from auth_providers.models import OAuthConfiguration
from auth_providers.services.vault import open_secret, seal_secret
from orgs.models import User

MODEL, FIELD = "auth_providers.oauthconfiguration", "sealed_secret"


def put_client_secret(
    configuration: OAuthConfiguration, plain: str, *, by: User | None, now: datetime
) -> None:
    """Seal the secret into the row, which the caller saves; blank takes it away."""
    configuration.secret_saved_by, configuration.secret_saved_at = by, now
    if not plain:
        configuration.data_key = configuration.sealed_secret = None
        return
    configuration.data_key, configuration.sealed_secret = seal_secret(
        plain,
        organization=configuration.organization,
        model=MODEL,
        row=str(configuration.pk),
        field=FIELD,
    )


def client_secret_of(configuration: OAuthConfiguration) -> str:
    """Return the secret, for the provider alone; blank when there is none."""
    if configuration.data_key is None or configuration.sealed_secret is None:
        return ""
    return open_secret(
        bytes(configuration.sealed_secret),
        data_key=configuration.data_key,
        model=MODEL,
        row=str(configuration.pk),
        field=FIELD,
    )
