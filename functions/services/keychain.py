"""What a device's own functions need to call services: their secrets where devices may have them,
and of OAuth what is public. Nothing else leaves.
"""

from typing import Any

from auth_providers.models import OAuthConfiguration
from functions.models import Credential, CredentialStamp
from functions.services.credentials import secret_of
from functions.services.definitions import keys_of_local_functions
from orgs.models import Solution


def keychain_of(solution: Solution) -> list[dict[str, Any]]:
    """Return a solution's credentials for devices, opened in this moment."""
    named = solution.credentials.filter(key__in=keys_of_local_functions(solution))
    rows = named.select_related("data_key", "configuration").order_by("key")
    entries = (_entry(credential) for credential in rows)
    return [entry for entry in entries if entry is not None]


def marks_of_keychain(solution: Solution) -> list[Any]:
    """Return what is another once the keychain is; nothing of it tells a secret."""
    stamp = CredentialStamp.objects.filter(solution=solution).first()
    configured = solution.credentials.filter(configuration__isnull=False).order_by("key")
    revisions = configured.values_list("configuration", "configuration__revision")
    return [stamp.number if stamp else 0, [[str(pk), revision] for pk, revision in revisions]]


def _entry(credential: Credential) -> dict[str, Any] | None:
    shown = {
        "key": credential.key,
        "type": credential.type,
        "allowed_origins": credential.allowed_origins,
    }
    if credential.configuration is not None:
        return shown | {"configuration": public_fields(credential.configuration)}
    secret = secret_of(credential) if credential.available_to_devices else None
    if secret is None:
        return None
    if credential.type == Credential.Type.BASIC_AUTH:
        username, _colon, password = secret.partition(":")
        return shown | {"secret": {"username": username, "password": password}}
    return shown | {"secret": {"value": secret}}


def public_fields(configuration: OAuthConfiguration) -> dict[str, Any]:
    """Return what an app may know of a client: all that a browser's address bar shows anyway."""
    return {
        "id": str(configuration.pk),
        "name": configuration.name,
        "type": configuration.type,
        "client_id": configuration.client_id,
        "issuer": configuration.issuer,
        "authorization_endpoint": configuration.authorization_endpoint,
        "token_endpoint": configuration.token_endpoint,
        "scopes": configuration.scopes,
        "redirect_urls": configuration.redirect_urls,
        "uses_pkce": configuration.uses_pkce,
    }
