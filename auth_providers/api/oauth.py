"""OAuth's own endpoints; their errors keep the form of RFC 6749 5.2."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST
from oauth2_provider.exceptions import FatalClientError
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_backends import OAuthLibCore, get_oauthlib_core
from oauth2_provider.views import AuthorizationView
from oauthlib.oauth2.rfc6749.errors import InvalidRequestError

from auth_providers.http import bearer_token
from auth_providers.services.issuing import GRANT_TYPES, checksum_of
from auth_providers.services.scopes import DEVICE_SCOPE
from auth_providers.services.tokens import Caller, NotSignedIn, identify
from jigxmgmt.middleware import CONTENT_SECURITY_POLICY
from orgs.console.idle import end_if_idle

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class Authorize(AuthorizationView):  # type: ignore[misc]
    """Ask the person whether the app may act for them (RFC 6749 4.1.1, with PKCE)."""

    template_name = "auth_providers/authorize.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer in the query alone: no other way is announced, and a link may ask for one.

        A session that nobody uses lets no app in, which would outlive it by months.
        """
        if request.user.is_authenticated and (goodbye := end_if_idle(request)):
            return goodbye
        asked = [*request.GET.getlist("response_mode"), *request.POST.getlist("response_mode")]
        if any(mode != "query" for mode in asked):
            fault = InvalidRequestError("The response_mode is query.")
            refused: HttpResponseBase = self.error_response(FatalClientError(fault), None)
            return refused
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask each time, since anybody may pose as an app without a secret (RFC 8252 8.6)."""
        asked = request.GET.copy()
        asked["approval_prompt"] = "force"
        request.GET = asked  # type: ignore[assignment]
        response: HttpResponseBase = super().get(request, *args, **kwargs)
        return response

    def render_to_response(self, context: dict[str, Any], **more: Any) -> HttpResponse:
        """Let the form lead to the app, which the browser else counts as another site."""
        context["lifetime_days"] = settings.DEVICE_LIFETIME.days
        response: HttpResponse = super().render_to_response(context, **more)
        target = _origin_of(context.get("redirect_uri") or "")
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
            "form-action 'self'", f"form-action 'self' {target}".rstrip()
        )
        return response


@csrf_exempt  # the code or the refresh token is the proof; no cookie is looked at
@require_POST
@sensitive_post_parameters()
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code, or refresh (RFC 6749 4.1.3, 6)."""
    if refusal := _unreadable(request):
        return refusal
    if request.POST.get("grant_type") not in GRANT_TYPES:
        return _error("unsupported_grant_type", "Use authorization_code or refresh_token.")
    try:
        _, headers, body, status = _core().create_token_response(request)
    except ObjectDoesNotExist:  # somebody else was quicker to spend it
        return _error("invalid_grant", "This grant was used before.")
    return _answer(headers, body, status)


@csrf_exempt
@require_POST
@sensitive_post_parameters()
def revoke_token(request: HttpRequest) -> HttpResponse:
    """End the sign-in to which a token belongs (RFC 7009); 200 for unknown tokens too."""
    if refusal := _unreadable(request):
        return refusal
    _, headers, body, status = _core().create_revocation_response(request)
    return _answer(headers, body, status)


@csrf_exempt
@require_POST
@sensitive_post_parameters()
def introspect(request: HttpRequest) -> HttpResponse:
    """Tell a device whether a token of its own person and app is good (RFC 7662)."""
    if refusal := _unreadable(request):
        return refusal
    try:
        asking = identify(bearer_token(request) or "")
    except NotSignedIn:
        return JsonResponse(
            {"error": "invalid_token"},
            status=401,
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"', **NOT_KEPT},
        )
    if "token" not in request.POST:
        return _error("invalid_request", "The token is missing.")
    return JsonResponse(_introspected(request.POST["token"], asking), headers=NOT_KEPT)


@require_GET
@never_cache
def server_metadata(request: HttpRequest) -> HttpResponse:
    """Describe the endpoints (RFC 8414)."""
    root = settings.PUBLIC_URL
    return JsonResponse(
        {
            "issuer": root,
            "authorization_endpoint": f"{root}/oauth/authorize/",
            "token_endpoint": f"{root}/oauth/token/",
            "revocation_endpoint": f"{root}/oauth/revoke_token/",
            "introspection_endpoint": f"{root}/oauth/introspect/",
            "scopes_supported": [DEVICE_SCOPE],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": sorted(GRANT_TYPES),
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


def _core() -> OAuthLibCore:
    return get_oauthlib_core()


def _introspected(token_value: str, asking: Caller) -> dict[str, Any]:
    """Return the members of RFC 7662 2.2; of a stranger's token no more than that it is none."""
    try:
        found = identify(token_value)
    except NotSignedIn:
        return {"active": False}
    device, own = found.device, asking.device
    if device is None or own is None or (device.user, device.app) != (own.user, own.app):
        return {"active": False}
    row = AccessToken.objects.filter(token_checksum=checksum_of(token_value)).first()
    if row is None:
        return {"active": False}
    return {
        "active": True,
        "scope": row.scope,
        "client_id": device.app.client_id,
        "username": device.user.email,
        "sub": str(device.user.pk),
        "device_id": str(device.pk),
        "token_type": "Bearer",
        "exp": int(row.expires.timestamp()),
        "iss": settings.PUBLIC_URL,
    }


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    """Refuse what PostgreSQL could not even look up."""
    values = [value for _, values in request.POST.lists() for value in values]
    if any("\x00" in value for value in values):
        return _error("invalid_request", "A parameter has a NUL character in it.")
    return None


def _error(code: str, description: str) -> HttpResponse:
    body = {"error": code, "error_description": description}
    return JsonResponse(body, status=400, headers=NOT_KEPT)


def _answer(headers: dict[str, str], body: str | None, status: int) -> HttpResponse:
    response = HttpResponse(body or json.dumps({}), status=status, content_type="application/json")
    for name, value in {**headers, **NOT_KEPT}.items():
        response.headers[name] = value
    return response


def _origin_of(url: str) -> str:
    """Return the origin of a redirect URL, or only the scheme of an app on a phone."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:" if parts.scheme else ""
