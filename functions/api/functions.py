"""The functions of a solution, and the log of its organization's calls."""

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.serializers import CallRecordSerializer, FunctionSerializer
from functions.models import CallRecord, FunctionDefinition
from functions.services.definitions import NoSuchFunction
from functions.services.solutions import find_solution, visible_solutions
from jigxmgmt.api import CursorPagination


class ByName(CursorPagination):
    ordering = "name"


class NewestFirst(CursorPagination):
    ordering = "-started_at"


class ListFunctions(ListAPIView[FunctionDefinition]):
    request: CallerRequest
    required_scope = "solutions:read"
    serializer_class = FunctionSerializer
    pagination_class = ByName

    def get_queryset(self) -> QuerySet[FunctionDefinition]:
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        return FunctionDefinition.objects.live().filter(version__solution=solution)


class ReadFunction(APIView):
    required_scope = "solutions:read"

    @extend_schema(responses=FunctionSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, name: str) -> Response:
        solution = find_solution(request.auth, pk)
        functions = FunctionDefinition.objects.live().filter(version__solution=solution)
        function = functions.filter(name=name).first()
        if function is None:
            raise NoSuchFunction(f"There is no function {name}.")
        return Response(FunctionSerializer(function).data)


class ListCalls(ListAPIView[CallRecord]):
    """The organization's calls, of the solutions that the caller sees in the console."""

    request: CallerRequest
    required_scope = "calls:read"
    serializer_class = CallRecordSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[CallRecord]:
        mine = visible_solutions(self.request.auth).filter(organization=self.kwargs["pk"])
        calls = CallRecord.objects.filter(solution__in=mine).select_related("user")
        wanted = self.request.query_params
        for name in ("solution", "function_name"):
            if value := wanted.get(name):
                calls = calls.filter(**{name: value})
        if status := wanted.get("status"):
            calls = calls.filter(status=status.upper())
        return calls
