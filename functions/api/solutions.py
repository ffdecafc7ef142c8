"""Solutions: list, make, publish, sync."""

import hashlib
import uuid
from typing import ClassVar, cast

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.serializers import (
    NewSolutionSerializer,
    PublishedSerializer,
    SolutionSerializer,
    VersionSerializer,
)
from functions.models import PublishedVersion
from functions.services.publishing import publish_solution, restore_version
from functions.services.solutions import find_solution, runnable_solutions
from functions.services.sync import synced_definition
from jigxmgmt.api import CursorPagination
from jigxmgmt.errors import NotFound
from orgs.models import Organization, Solution, SolutionMember
from orgs.services.solutions import create_solution


class NotPublished(NotFound):
    code = "version_unknown"


class ZipParser(BaseParser):
    """Takes the body as it is."""

    media_type = "application/zip"

    def parse(  # type: ignore[override]
        self, stream: object, media_type: object = None, context: object = None
    ) -> bytes:
        content: bytes = stream.read()  # type: ignore[attr-defined]
        return content


class ListSolutions(ListAPIView[Solution]):
    """Solutions that the caller may run, with role and version."""

    request: CallerRequest
    required_scope = "solutions:read"
    serializer_class = SolutionSerializer
    pagination_class = CursorPagination

    def get_queryset(self) -> QuerySet[Solution]:
        own = SolutionMember.objects.filter(membership__user=self.request.user)
        return runnable_solutions(self.request.auth).prefetch_related(
            Prefetch("members", queryset=own, to_attr="own_roles")
        )


class CreateSolution(APIView):
    required_scope = "solutions:write"

    @extend_schema(request=NewSolutionSerializer, responses={201: SolutionSerializer})
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        mine = Organization.objects.filter(memberships__user=request.user)
        fields = NewSolutionSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        solution = create_solution(
            get_object_or_404(mine, pk=pk), by=request.user, **fields.validated_data
        )
        return Response(SolutionSerializer(solution).data, status=201)


class ReadSolution(APIView):
    required_scope = "solutions:read"

    @extend_schema(responses=SolutionSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        return Response(SolutionSerializer(find_solution(request.auth, pk)).data)


class SolutionContent(APIView):
    """The folder as a zip: PUT publishes it, GET gives it back."""

    parser_classes = (ZipParser,)
    required_scope: ClassVar[dict[str, str]] = {"GET": "solutions:read", "PUT": "solutions:write"}

    @extend_schema(
        request={"application/zip": OpenApiTypes.BINARY}, responses={201: PublishedSerializer}
    )
    def put(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        solution = find_solution(request.auth, pk)
        version = publish_solution(solution, archive=cast(bytes, request.data), by=request.user)
        return Response(published_document(version), status=201)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: CallerRequest, pk: uuid.UUID) -> HttpResponse:
        solution = find_solution(request.auth, pk)
        live = PublishedVersion.objects.filter(solution=solution, number=solution.version).first()
        if live is None:
            raise NotPublished("Nothing is published yet.")
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
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        return solution.versions.defer("archive").select_related("published_by")


class RestoreVersion(APIView):
    required_scope = "solutions:write"

    @extend_schema(request=None, responses={201: PublishedSerializer})
    def post(self, request: CallerRequest, pk: uuid.UUID, number: int) -> Response:
        solution = find_solution(request.auth, pk)
        version = restore_version(solution, number=number, by=request.user)
        return Response(published_document(version), status=201)


class SyncDefinition(APIView):
    """What a device needs to run the solution. The ETag is strong; 304 while it holds."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 304: OpenApiResponse()})
    def get(self, request: CallerRequest, pk: uuid.UUID) -> HttpResponse:
        solution = find_solution(request.auth, pk)
        if solution.version == 0:
            raise NotPublished("Nothing is published yet.")
        etag = '"' + hashlib.sha256(f"{solution.pk} {solution.version}".encode()).hexdigest() + '"'
        if etag in [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]:
            response: HttpResponse = HttpResponse(status=304)
        else:
            response = Response(synced_definition(solution))
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "private, no-store"
        return response


def published_document(version: PublishedVersion) -> dict[str, object]:
    """Return what a publisher is told."""
    return {
        "version": version.number,
        "functions": [function.name for function in version.functions.all()],
        "warnings": version.warnings,
    }
