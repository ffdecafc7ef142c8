"""The schema of a function definition: public, for editors."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import etag, require_safe

from functions.services.language import schema_document, schema_tag

CACHED_SECONDS = 3600


@require_safe
@cache_control(public=True, max_age=CACHED_SECONDS)
@etag(lambda request: schema_tag())
def function_schema(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(schema_document(), content_type="application/schema+json")
    response["Access-Control-Allow-Origin"] = "*"  # public, and read by editors in a browser too
    return response
