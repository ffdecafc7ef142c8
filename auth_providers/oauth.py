"""The OAuth library's questions, answered by our rules; named in settings."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from oauth2_provider.models import AccessToken, Grant, RefreshToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import (
    CustomOAuth2Error,
    InvalidGrantError,
    InvalidRequestError,
)

from auth_providers.models import Device
from auth_providers.services.apps import may_use_app
from auth_providers.services.devices import sign_out
from auth_providers.services.issuing import DEVICE_FIELDS, GRANT_TYPES, checksum_of, open_device
from auth_providers.services.rotation import (
    RefreshRefused,
    claim_rotation,
    end_device_of_code,
    kill_family,
    may_refresh,
    record_rotation,
)

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class Validator(OAuth2Validator):  # type: ignore[misc]
    """Every token belongs to a device, and is as good as the device and its person are."""

    def validate_grant_type(
        self,
        client_id: str,
        grant_type: str,
        client: Any,
        request: Request,
        *args: Any,
        **more: Any,
    ) -> bool:
        return grant_type in GRANT_TYPES and bool(
            super().validate_grant_type(client_id, grant_type, client, request, *args, **more)
        )

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **more: Any
    ) -> None:
        """Keep what we use of the request; a challenge has the form of RFC 7636 4.2."""
        if not CHALLENGE.fullmatch(request.code_challenge or ""):
            raise InvalidRequestError("The code_challenge is not one of S256.", request=request)
        request.nonce = request.claims = None
        super().save_authorization_code(client_id, code, request, *args, **more)

    def validate_code(
        self, client_id: str, code: str, client: Any, request: Request, *args: Any, **more: Any
    ) -> bool:
        if not super().validate_code(client_id, code, client, request, *args, **more):
            end_device_of_code(code, app=client, now=timezone.now())
            return False
        return may_use_app(request.user, client)

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Request, *args: Any, **more: Any
    ) -> bool:
        """Let a repeat pass before the library, which would take it for a theft."""
        now, key = timezone.now(), _idempotency_key(request)
        presented = RefreshToken.objects.filter(token_checksum=checksum_of(refresh_token))
        spent = presented.filter(application=client, revoked__isnull=False).first()
        if spent and may_refresh(spent, key=key, now=now):
            request.user, request.refresh_token = spent.user, refresh_token
            request.refresh_token_instance = spent
            return True
        if not super().validate_refresh_token(refresh_token, client, request, *args, **more):
            for spent in presented.filter(revoked__isnull=False):
                kill_family(spent, now=now)  # the library's own end of it leaves the device
            return False
        return may_refresh(request.refresh_token_instance, key=key, now=now)

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **more: Any
    ) -> None:
        """Save the pair, or end the family of a token that somebody else was quicker to spend.

        The end is outside the transaction, which the refusal rolls back.
        """
        try:
            super().save_bearer_token(token, request, *args, **more)
        except RefreshRefused as refusal:
            kill_family(request.refresh_token_instance, now=timezone.now())
            raise InvalidGrantError(request=request) from refusal

    def _check_and_set_request_resource(self, request: Request) -> None:
        """Refuse to narrow a token to a resource (RFC 8707); ours are for the whole API."""
        if getattr(request, "resource", None):
            raise CustomOAuth2Error("invalid_target", request=request)
        request.resource = []

    def _save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **more: Any
    ) -> None:
        now, key = timezone.now(), _idempotency_key(request)
        if request.grant_type == "refresh_token":
            spent = request.refresh_token_instance
            device = claim_rotation(spent, key=key, now=now)
            super()._save_bearer_token(token, request, *args, **more)
            record_rotation(
                device, spent=spent, access_token=token["access_token"], key=key, now=now
            )
            return
        _spend_code(request)
        super()._save_bearer_token(token, request, *args, **more)
        description, code = _described(request), request.code
        device = open_device(token["access_token"], description=description, now=now, code=code)
        token["device_id"] = str(device.pk)

    def invalidate_authorization_code(self, *args: Any, **more: Any) -> None:
        """Do nothing: the code was spent in the transaction that made the tokens."""

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *args: Any, **more: Any
    ) -> None:
        """End the sign-in of this app's device, for either of its tokens (RFC 7009 2.1)."""
        checksum = checksum_of(token)
        access = AccessToken.objects.filter(token_checksum=checksum)
        families = RefreshToken.objects.filter(
            token_checksum=checksum
        ) | RefreshToken.objects.filter(access_token__in=access)
        devices = Device.objects.filter(
            app=request.client, token_family__in=families.values("token_family")
        )
        for device in devices:
            sign_out(device, now=timezone.now())


def _spend_code(request: Request) -> None:
    """Delete the code, or refuse: of several that present it at once one gets through."""
    spent, _ = Grant.objects.filter(code=request.code, application=request.client).delete()
    if not spent:
        raise InvalidGrantError(request=request)


def _idempotency_key(request: Request) -> str | None:
    key: str | None = request.headers.get("HTTP_IDEMPOTENCY_KEY")
    return key or None


def _described(request: Request) -> Mapping[str, Any]:
    """Return what the exchange says of the device, in its fields `device_name` and so on."""
    return {name: getattr(request, f"device_{name}", None) for name in DEVICE_FIELDS}
