"""Credentials: secrets go in, never out."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.serializers import CredentialSerializer, NewCredentialSerializer
from functions.models import Credential
from functions.services.credentials import (
    find_credential,
    remove_credential,
    require_configuring,
    save_credential,
)
from functions.services.solutions import find_solution
from jigxmgmt.api import CursorPagination


class ByTimeSaved(CursorPagination):
    ordering = "-saved_at"


class ListCredentials(ListAPIView[Credential]):
    request: CallerRequest
    required_scope = "credentials:read"
    serializer_class = CredentialSerializer
    pagination_class = ByTimeSaved

    def get_queryset(self) -> QuerySet[Credential]:
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        require_configuring(self.request.user, solution)
        return solution.credentials.select_related("saved_by")


class OneCredential(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "credentials:read",
        "PUT": "credentials:write",
        "DELETE": "credentials:write",
    }

    @extend_schema(responses=CredentialSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        solution = find_solution(request.auth, pk)
        require_configuring(request.user, solution)
        return Response(CredentialSerializer(find_credential(solution, key=key)).data)

    @extend_schema(request=NewCredentialSerializer, responses=CredentialSerializer)
    def put(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        solution = find_solution(request.auth, pk)
        fields = NewCredentialSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        wanted = dict(fields.validated_data)
        credential = save_credential(
            solution, key=key, by=request.user, secret=wanted.pop("secret")["value"], **wanted
        )
        return Response(CredentialSerializer(credential).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        remove_credential(find_solution(request.auth, pk), key=key, by=request.user)
        return Response(status=204)
