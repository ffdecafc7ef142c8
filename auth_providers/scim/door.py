"""The web's side of it: who calls, and the answer."""

from urllib.parse import unquote

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from scim2_models import EnterpriseUser, Group, ResourceType, SCIMException, ScimPolicy, User
from scim2_models import ScimProvider as Provider
from scim2_server.errors import MethodNotAllowedException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from auth_providers.http import bearer_token
from auth_providers.scim.description import CONFIGURATION
from auth_providers.scim.storage import DirectoryStorage
from auth_providers.services.directory import DIRECTORY
from auth_providers.services.scim_tokens import organization_of_directory
from jigxmgmt.api import status_of
from jigxmgmt.errors import DomainError
from orgs.services.audit import acting_as

ROOT = "/scim/v2"
MOST_BYTES = 1024 * 1024
# As directories send it: Entra removes by value, and fills what its filter does not find.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
PROVIDER = Provider(
    models=[User, EnterpriseUser, Group],
    resource_types=[
        ResourceType.from_resource(User[EnterpriseUser]),
        ResourceType.from_resource(Group),
    ],
    config=CONFIGURATION,
    policy=POLICY,
)
SERVICE = ScimService(PROVIDER)


class Refused(SCIMException):
    """A refusal of ours in the protocol's words (RFC 7644 3.12)."""

    def __init__(self, refusal: DomainError) -> None:
        status = status_of(refusal)
        self.status = 400 if status == 422 else status  # which the protocol does not know
        super().__init__(detail=refusal.detail)


class BodyTooLarge(SCIMException):
    status = 413
    _default_detail = "The body is larger than one mebibyte."


@csrf_exempt
def answer(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer one request of a directory."""
    asked = ScimRequest(
        method=request.method or "",
        base_url=settings.PUBLIC_URL + ROOT,
        path="/" + unquote(path),
        query=request.GET.dict(),
        headers=dict(request.headers),
    )
    try:
        response = _served(request, asked)
    except SCIMException as refusal:
        response = SERVICE.error_response(refusal)
        if isinstance(refusal, MethodNotAllowedException):
            response.headers["Allow"] = ", ".join(refusal.allowed)
        if response.status == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
    body = b"" if response.body is None else orjson.dumps(response.body)
    headers = {"Cache-Control": "no-store", **response.headers}
    return HttpResponse(body, status=int(response.status), headers=headers)


def _served(request: HttpRequest, asked: ScimRequest) -> ScimResponse:
    try:
        organization = organization_of_directory(bearer_token(request) or "", now=timezone.now())
        if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
            raise BodyTooLarge
        asked.body = request.body
        if len(asked.body) > MOST_BYTES:
            raise BodyTooLarge
        handler = ScimHandler(SERVICE, DirectoryStorage(organization, provider=PROVIDER))
        with acting_as(DIRECTORY):
            return handler.handle(asked)
    except DomainError as refusal:
        raise Refused(refusal) from refusal
