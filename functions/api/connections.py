"""Connections to SQL Servers: their secrets go in, never out."""

import uuid
from typing import ClassVar

from asgiref.sync import async_to_sync
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.connection_serializers import (
    ConnectionTestSerializer,
    NewSqlConnectionSerializer,
    SqlConnectionSerializer,
)
from functions.api.credentials import ByTimeSaved
from functions.models import Connection
from functions.services.connection_fields import ConnectionFields
from functions.services.connection_tests import test_connection
from functions.services.connections import (
    SECRET_NAMES,
    find_connection,
    remove_connection,
    save_connection,
)
from functions.services.credentials import require_configuring
from functions.services.solutions import find_solution


class ListConnections(ListAPIView[Connection]):
    request: CallerRequest
    required_scope = "credentials:read"
    serializer_class = SqlConnectionSerializer
    pagination_class = ByTimeSaved

    def get_queryset(self) -> QuerySet[Connection]:
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        require_configuring(self.request.user, solution)
        return solution.connections.select_related("saved_by").defer("sealed")


class OneConnection(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "credentials:read",
        "PUT": "credentials:write",
        "DELETE": "credentials:write",
    }

    @extend_schema(responses=SqlConnectionSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, name: str) -> Response:
        solution = find_solution(request.auth, pk)
        require_configuring(request.user, solution)
        return Response(SqlConnectionSerializer(find_connection(solution, name=name)).data)

    @extend_schema(request=NewSqlConnectionSerializer, responses=SqlConnectionSerializer)
    def put(self, request: CallerRequest, pk: uuid.UUID, name: str) -> Response:
        """Save it, in place of any other of this name."""
        solution = find_solution(request.auth, pk)
        given = NewSqlConnectionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = dict(given.validated_data)
        secret = fields.pop("secret", {})
        connection = save_connection(
            solution,
            name=name,
            fields=ConnectionFields(**fields),
            secret=secret.get(SECRET_NAMES[fields["sign_in"]], ""),
            by=request.user,
        )
        return Response(SqlConnectionSerializer(connection).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, name: str) -> Response:
        remove_connection(find_solution(request.auth, pk), name=name, by=request.user)
        return Response(status=204)


class RunConnectionTest(APIView):
    required_scope = "credentials:write"

    @extend_schema(request=None, responses=ConnectionTestSerializer)
    def post(self, request: CallerRequest, pk: uuid.UUID, name: str) -> Response:
        """Let a worker go the whole way to the server. 200 also where it fails."""
        solution = find_solution(request.auth, pk)
        require_configuring(request.user, solution)
        connection = find_connection(solution, name=name)
        test = async_to_sync(test_connection)(request.user, connection=connection)
        return Response(ConnectionTestSerializer(test).data)
