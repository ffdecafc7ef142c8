"""What every request passes: where it is from, whether its way was private, what pages load."""

import re
import uuid
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from jigxmgmt.api import problem
from jigxmgmt.origin import Origin, enter_origin

Next = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]

# Where neither a cookie, a password, a token nor a call's values travel.
OPEN_PATHS = ("/healthz", "/readyz", "/static/")
# As a query writes it, and as a cookie does.
ESCAPED_NULL = re.compile(r"%00|\\000")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)


class _Middleware:
    """A middleware that adds no hop: it runs as the next one does, in a loop or in a thread."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        refusal = self.before(request)
        if self.is_async:
            return self._later(request, refusal)
        response = refusal or self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 (narrows the union for types)
        self.after(request, response)
        return response

    async def _later(
        self, request: HttpRequest, refusal: HttpResponseBase | None
    ) -> HttpResponseBase:
        response = refusal or await self.get_response(request)  # type: ignore[misc]
        self.after(request, response)
        return response

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        return None

    def after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        return None


class SelectiveMiddleware:
    """A middleware that may ask the database, and costs nothing where it has nothing to do.

    In a loop the library runs every synchronous hook in a thread, for each request, a call's too.
    This one hops where it applies alone.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if not self.applies(request):
            return self.get_response(request)
        if self.is_async:
            return self._later(request)
        response = self.before(request) or self.get_response(request)
        assert isinstance(response, HttpResponseBase)  # noqa: S101 (narrows the union for types)
        self.after(request, response)
        return response

    async def _later(self, request: HttpRequest) -> HttpResponseBase:
        response = await sync_to_async(self.before)(request)
        if response is None:
            response = await self.get_response(request)  # type: ignore[misc]
        await sync_to_async(self.after)(request, response)
        return response

    def applies(self, request: HttpRequest) -> bool:
        raise NotImplementedError

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        return None

    def after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        return None


class RememberOrigin(_Middleware):
    """Give the request a correlation id, and audit events an address."""

    def before(self, request: HttpRequest) -> None:
        here = Origin(address=request.META.get("REMOTE_ADDR"), correlation_id=uuid.uuid4())
        request.correlation_id = here.correlation_id  # type: ignore[attr-defined]
        enter_origin(here)

    def after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        response.headers.setdefault("X-Correlation-Id", str(request.correlation_id))  # type: ignore[attr-defined]


class RequirePrivateWay(_Middleware):
    """Refuse plain HTTP where secrets travel."""

    def before(self, request: HttpRequest) -> HttpResponse | None:
        if request.path.startswith(OPEN_PATHS) or came_privately(request):
            return None
        detail = _("This address answers over https only.")
        if request.path.startswith("/api/"):
            return problem(request, status=403, code="tls_required", detail=detail)
        return HttpResponse(f"tls_required: {detail}", status=403, content_type="text/plain")


class RefuseNullCharacters(_Middleware):
    """Refuse an address or a cookie with a null character: PostgreSQL takes none in a text."""

    def before(self, request: HttpRequest) -> HttpResponse | None:
        written = request.META.get("QUERY_STRING", "") + request.META.get("HTTP_COOKIE", "")
        if "\0" not in request.path + written and not ESCAPED_NULL.search(written):
            return None
        detail = _("Neither an address nor a cookie has null characters.")
        if request.path.startswith("/api/"):
            return problem(request, status=400, code="malformed", detail=detail)
        return HttpResponse(detail, status=400, content_type="text/plain")


class ContentSecurityPolicy(_Middleware):
    """Let pages load what we serve and nothing else, and let nobody keep them."""

    def after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "no-store")


def came_privately(request: HttpRequest) -> bool:
    """Answer whether the request came by TLS, or never left this machine.

    A peer on loopback that says it forwards for somebody else is a proxy that nobody declared
    in TRUSTED_PROXIES, so its word about https is not taken, and neither is its address.
    """
    if request.scheme == "https":
        return True
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    peer = request.META.get("REMOTE_ADDR") or ""
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return peer == ""  # a unix socket has no address
