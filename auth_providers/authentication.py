"""Bearer tokens (RFC 6750) at the API's door, and what each kind of token may do there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from auth_providers.http import bearer_token
from auth_providers.services.scopes import DEVICE_SCOPE
from auth_providers.services.tokens import Caller, NotSignedIn, identify, require_scope
from orgs.models import User

if TYPE_CHECKING:  # the framework's views load this module, as settings name it
    from rest_framework.views import APIView

CHALLENGE = 'Bearer realm="jigxmgmt"'


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """Return the person and the caller; None without a token. A bad one is a 401."""
        token = bearer_token(request._request)
        if token is None:
            return None
        try:
            caller = identify(token)
        except NotSignedIn as refusal:
            raise AuthenticationFailed(refusal.detail) from refusal
        return caller.user, caller

    def authenticate_header(self, request: Request) -> str:
        if "Authorization" in request.headers:
            return f'{CHALLENGE}, error="invalid_token"'
        return CHALLENGE


class TokenAllows(IsAuthenticated):
    """Asks whether the token reaches as far as the view; the services ask about the person.

    A view says in `required_scope` what a token needs, one for all its methods or one a method;
    None lets any token in. What it does not name is for the app on a device alone.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method == "OPTIONS" or not hasattr(view, method.lower()):  # the view says 405 itself
            return True
        needed = getattr(view, "required_scope", DEVICE_SCOPE)
        if isinstance(needed, Mapping):
            needed = needed.get(method, DEVICE_SCOPE)
        if needed is not None:
            require_scope(cast(Caller, request.auth), needed)
        return True
