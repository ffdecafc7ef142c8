"""The functions of a solution, and the log of its organization's calls."""

import uuid

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.serializers import (
    CallFilterSerializer,
    CallRecordSerializer,
    FunctionSerializer,
)
from functions.models import CallRecord, FunctionDefinition
from functions.services.call_log import calls_seen_by
from functions.services.definitions import NoSuchFunction
from functions.services.solutions import find_solution
from jigxmgmt.api import CursorPagination
from orgs.services.organizations import find_own_organization


class ByName(CursorPagination):
    ordering = "name"


class NewestFirst(CursorPagination):
    ordering = "-started_at"


class ListFunctions(ListAPIView[FunctionDefinition]):
    request: CallerRequest
    required_scope = "functions:read"
    serializer_class = FunctionSerializer
    pagination_class = ByName

    def get_queryset(self) -> QuerySet[FunctionDefinition]:
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        return FunctionDefinition.objects.live().filter(version__solution=solution)


class ReadFunction(APIView):
    required_scope = "functions:read"

    @extend_schema(responses=FunctionSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, name: str) -> Response:
        solution = find_solution(request.auth, pk)
        functions = FunctionDefinition.objects.live().filter(version__solution=solution)
        function = functions.filter(name=name).first()
        if function is None:
            raise NoSuchFunction(_("There is no function %(name)s.") % {"name": name})
        return Response(FunctionSerializer(function).data)


@extend_schema(parameters=[CallFilterSerializer])
class ListCalls(ListAPIView[CallRecord]):
    """The organization's calls, of the solutions that the caller sees in the console."""

    request: CallerRequest
    required_scope = "calls:read"
    serializer_class = CallRecordSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[CallRecord]:
        organization = find_own_organization(self.request.user, self.kwargs["pk"])
        calls = calls_seen_by(self.request.user, organization)
        wanted = CallFilterSerializer(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        return calls.filter(**wanted.validated_data).select_related("user")
