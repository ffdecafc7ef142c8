from typing import Any

from allauth.account.signals import email_confirmed
from django.apps import AppConfig
from django.utils import timezone

from auth_providers.vault.places import SealedRows


class AuthProvidersConfig(AppConfig):
    name = "auth_providers"
    verbose_name = "Sign-in"
    sealed_rows = (
        SealedRows("auth_providers.OAuthConfiguration", ("sealed_secret",)),
        SealedRows("auth_providers.OutsideGrant", ("sealed_access_token", "sealed_refresh_token")),
    )

    def ready(self) -> None:
        from auth_providers import checks  # noqa: F401 (importing registers them)

        # No hook of the adapter sees that a code for a new password proves its address too.
        email_confirmed.connect(_note_first_proof, dispatch_uid="first_proof")


def _note_first_proof(*, request: Any, email_address: Any, **_: Any) -> None:
    from auth_providers.services.first_proofs import end_claimed_access

    here = request.session.session_key or ""
    end_claimed_access(email_address, now=timezone.now(), spared_session=here)
