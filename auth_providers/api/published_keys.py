"""The keys with which outside services check the tokens that tell them who calls."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from auth_providers.services.caller_tokens import published_keys

CACHED_SECONDS = 300


@require_safe
@cache_control(public=True, max_age=CACHED_SECONDS)
def json_web_key_set(request: HttpRequest) -> JsonResponse:
    response = JsonResponse(published_keys(), content_type="application/jwk-set+json")
    response["Access-Control-Allow-Origin"] = "*"  # public, and read by services in a browser too
    return response
