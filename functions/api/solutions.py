"""Solutions: list, make, change, publish, sync."""

import uuid
from typing import ClassVar, cast

from django.conf import settings
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.serializers import (
    ChangedSolutionSerializer,
    CopySerializer,
    NewSolutionSerializer,
    PublishedSerializer,
    SolutionSerializer,
    VersionSerializer,
)
from functions.models import PublishedVersion
from functions.services.copying import copy_solution
from functions.services.publishing import (
    NoSuchVersion,
    live_version,
    publish_solution,
    restore_version,
)
from functions.services.solutions import (
    find_runnable_solution,
    find_solution,
    require_scripts,
    runnable_solutions,
)
from functions.services.sync import sync_tag, synced_definition
from jigxmgmt.api import CursorPagination
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.models import Solution, SolutionMember, User
from orgs.services.organizations import find_own_organization
from orgs.services.solutions import change_solution, create_solution, delete_solution


class ZipParser(BaseParser):
    """Takes the body as it is."""

    media_type = "application/zip"

    def parse(  # type: ignore[override]
        self, stream: object, media_type: object = None, context: object = None
    ) -> bytes:
        content: bytes = stream.read(settings.SOLUTION_MAX_ZIP_BYTES + 1)  # type: ignore[attr-defined]
        return content


class ListSolutions(ListAPIView[Solution]):
    """Solutions that the caller may run, with role and version."""

    request: CallerRequest
    required_scope = "solutions:read"
    serializer_class = SolutionSerializer
    pagination_class = CursorPagination

    def get_queryset(self) -> QuerySet[Solution]:
        mine = runnable_solutions(self.request.auth)
        return mine.prefetch_related(own_roles(self.request.user))


class CreateSolution(APIView):
    required_scope = "solutions:write"

    @extend_schema(
        request=NewSolutionSerializer,
        responses={201: SolutionSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        organization = find_own_organization(request.user, pk)
        fields = NewSolutionSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"solution.create {organization.pk}") as claim:
            solution = create_solution(organization, by=request.user, **fields.validated_data)
            claim.subject_id = str(solution.pk)
        return Response(solution_document(solution, request.user), status=201)


class OneSolution(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "solutions:read",
        "PATCH": "solutions:write",
        "DELETE": "solutions:write",
    }

    @extend_schema(responses=SolutionSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        return Response(solution_document(find_solution(request.auth, pk), request.user))

    @extend_schema(request=ChangedSolutionSerializer, responses=SolutionSerializer)
    def patch(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Change its title or its settings, whichever is given; settings are replaced whole."""
        solution = find_solution(request.auth, pk)
        fields = ChangedSolutionSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        change_solution(solution, by=request.user, **fields.validated_data)
        return Response(solution_document(solution, request.user))

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """End it with its versions, credentials and roles."""
        delete_solution(find_solution(request.auth, pk), by=request.user)
        return Response(status=204)


class CopySolution(APIView):
    required_scope = "solutions:write"

    @extend_schema(
        request=CopySerializer, responses={201: SolutionSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Make another with its folder, settings and groups; credentials come without secrets."""
        solution = find_solution(request.auth, pk)
        fields = CopySerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"solution.copy {solution.pk}") as claim:
            copy = copy_solution(solution, by=request.user, **fields.validated_data)
            claim.subject_id = str(copy.pk)
        return Response(solution_document(copy, request.user), status=201)


class SolutionContent(APIView):
    """The folder as a zip: PUT publishes it, GET gives it back."""

    parser_classes = (ZipParser,)
    required_scope: ClassVar[dict[str, str]] = {"GET": "solutions:read", "PUT": "solutions:write"}

    @extend_schema(
        request={"application/zip": OpenApiTypes.BINARY}, responses={201: PublishedSerializer}
    )
    def put(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        solution = find_solution(request.auth, pk)
        archive = cast(object, request.data)  # an empty body is not parsed, and comes as {}
        version = publish_solution(
            solution, archive=archive if isinstance(archive, bytes) else b"", by=request.user
        )
        return Response(published_document(version), status=201)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: CallerRequest, pk: uuid.UUID) -> HttpResponse:
        require_scripts(request.auth)
        solution = find_solution(request.auth, pk)
        live = live_version(solution)
        response = HttpResponse(bytes(live.archive), content_type="application/zip")
        name = f"{solution.name}-{live.number}.zip"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class ListVersions(ListAPIView[PublishedVersion]):
    request: CallerRequest
    required_scope = "solutions:read"
    serializer_class = VersionSerializer
    pagination_class = CursorPagination

    def get_queryset(self) -> QuerySet[PublishedVersion]:
        require_scripts(self.request.auth)
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        return solution.versions.defer("archive").select_related("published_by")


class RestoreVersion(APIView):
    required_scope = "solutions:write"

    @extend_schema(request=None, responses={201: PublishedSerializer}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: CallerRequest, pk: uuid.UUID, number: int) -> Response:
        solution = find_solution(request.auth, pk)
        with once(request, act=f"version.restore {solution.pk} {number}") as claim:
            version = restore_version(solution, number=number, by=request.user)
            claim.subject_id = str(version.number)
        return Response(published_document(version), status=201)


class SyncDefinition(APIView):
    """What a device needs to run the solution. The ETag is strong; 304 while it holds."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 304: OpenApiResponse()})
    def get(self, request: CallerRequest, pk: uuid.UUID) -> HttpResponse:
        solution = find_runnable_solution(request.auth, pk)
        if solution.version == 0:
            raise NoSuchVersion(_("Nothing is published yet."))
        etag = sync_tag(solution, request.user)
        if _is_known(etag, request.headers.get("If-None-Match", "")):
            response: HttpResponse = HttpResponse(status=304)
        else:
            response = Response(synced_definition(solution))
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "private, no-store"
        return response


def own_roles(user: User) -> Prefetch[str]:
    """Return what loads a person's own roles beside a solution."""
    own = SolutionMember.objects.filter(membership__user=user)
    return Prefetch("members", queryset=own, to_attr="own_roles")


def solution_document(solution: Solution, user: User) -> dict[str, object]:
    """Return a solution as this person sees it."""
    prefetch_related_objects([solution], own_roles(user))
    return dict(SolutionSerializer(solution).data)


def _is_known(etag: str, wanted: str) -> bool:
    """Answer whether If-None-Match names the tag; the comparison is weak (RFC 9110 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in wanted.split(",")]
    return etag in tags or tags == ["*"]


def published_document(version: PublishedVersion) -> dict[str, object]:
    """Return what a publisher is told."""
    return {
        "version": version.number,
        "functions": [function.name for function in version.functions.all()],
        "warnings": version.warnings,
    }
