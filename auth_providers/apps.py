from typing import Any

from allauth.account.signals import email_confirmed
from django.apps import AppConfig


class AuthProvidersConfig(AppConfig):
    name = "auth_providers"
    verbose_name = "Sign-in"

    def ready(self) -> None:
        # No hook of the adapter sees that a code for a new password proves its address too.
        email_confirmed.connect(_note_first_proof, dispatch_uid="first_proof")


def _note_first_proof(*, email_address: Any, **_: Any) -> None:
    from auth_providers.services.identities import unlink_claimed

    unlink_claimed(email_address)
