"""All doors of the web."""

import sys

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views import defaults
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from redis.exceptions import RedisError

from jigxmgmt import api
from jigxmgmt.errors import Unavailable

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = "jigxmgmt"

api_v1: list[URLPattern | URLResolver] = [
    path("", include("orgs.api.urls")),
    path("", include("auth_providers.api.urls")),
    path("", include("functions.api.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
]

urlpatterns = [
    path("api/v1/", include(api_v1)),
    re_path(r"^api/", api.not_found),
    path("", include("functions.api.health_urls")),
    path("", include("functions.api.language_urls")),
    path("", include("auth_providers.api.oauth_urls")),
    path("", include("auth_providers.scim.urls")),
    path("accounts/", include("allauth.urls")),
    path("staff/", admin.site.urls),
    path("", include("orgs.console.urls")),
    path("", include("auth_providers.console.urls")),
    path("", include("functions.console.urls")),
]


def handler400(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer what Django refuses: a problem document under /api/, a page elsewhere."""
    if request.path.startswith("/api/"):
        return api.bad_request(request)
    return defaults.bad_request(request, exception)


def handler500(request: HttpRequest) -> HttpResponseBase:
    """Answer for a bug, or for a part that is away: the broker counts who guesses passwords, and
    the vault opens the seeds of the library's pages.

    A problem document under /api/, a page elsewhere.
    """
    is_away = isinstance(sys.exc_info()[1], RedisError | Unavailable)
    if request.path.startswith("/api/"):
        return api.part_away(request) if is_away else api.server_error(request)
    response = defaults.server_error(request)
    if is_away:
        response.status_code = 503
        response.headers["Retry-After"] = "5"
    return response
