"""Credentials: secrets go in, never out."""

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from auth_providers.services.configuration_fields import read_fields
from functions.api.credential_serializers import (
    CredentialSerializer,
    CredentialTypeSerializer,
    NewBasicAuthSerializer,
    NewOAuthAliasSerializer,
    NewOAuthSerializer,
    NewSecretSerializer,
)
from functions.models import Credential
from functions.services.authorizations import connected_keys
from functions.services.credentials import (
    find_credential,
    remove_credential,
    require_configuring,
    save_credential,
)
from functions.services.oauth_credentials import save_oauth_alias, save_oauth_credential
from functions.services.solutions import find_solution
from jigxmgmt.api import CursorPagination
from orgs.models import Solution, User

Type = Credential.Type
NEW: dict[str, type[serializers.Serializer[Any]]] = {
    Type.API_KEY: NewSecretSerializer,
    Type.SECRET: NewSecretSerializer,
    Type.BASIC_AUTH: NewBasicAuthSerializer,
    Type.OAUTH: NewOAuthSerializer,
    Type.OAUTH_ALIAS: NewOAuthAliasSerializer,
}
NEW_CREDENTIAL = PolymorphicProxySerializer(
    component_name="NewCredential",
    serializers=list(dict.fromkeys(NEW.values())),
    resource_type_field_name=None,
)


class ByTimeSaved(CursorPagination):
    ordering = "-saved_at"


class ListCredentials(ListAPIView[Credential]):
    request: CallerRequest
    required_scope = "credentials:read"
    serializer_class = CredentialSerializer
    pagination_class = ByTimeSaved
    connected: frozenset[str] = frozenset()

    def get_queryset(self) -> QuerySet[Credential]:
        solution = find_solution(self.request.auth, self.kwargs["pk"])
        require_configuring(self.request.user, solution)
        self.connected = connected_keys(solution, self.request.user)
        return solution.credentials.select_related("saved_by", "configuration")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "connected": self.connected}


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
        credential = find_credential(solution, key=key)
        return Response(_document(credential, request.user))

    @extend_schema(request=NEW_CREDENTIAL, responses=CredentialSerializer)
    def put(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        """Save it, in place of any other of this key."""
        solution = find_solution(request.auth, pk)
        kind = CredentialTypeSerializer(data=request.data)
        kind.is_valid(raise_exception=True)
        fields = NEW[kind.validated_data["type"]](data=request.data)
        fields.is_valid(raise_exception=True)
        credential = _save(solution, key, dict(fields.validated_data), request.user)
        return Response(_document(credential, request.user))

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        remove_credential(find_solution(request.auth, pk), key=key, by=request.user)
        return Response(status=204)


def _save(solution: Solution, key: str, wanted: dict[str, Any], by: User) -> Credential:
    type = wanted["type"]
    if type in Credential.OF_EACH_PERSON:
        del wanted["type"]
    if type == Type.OAUTH:
        origins, secret = wanted.pop("allowed_origins"), wanted.pop("secret", {})
        return save_oauth_credential(
            solution,
            key=key,
            fields=read_fields({"type": wanted.pop("configuration_type"), **wanted}),
            client_secret=secret.get("client_secret"),
            allowed_origins=origins,
            by=by,
            now=timezone.now(),
        )
    if type == Type.OAUTH_ALIAS:
        return save_oauth_alias(solution, key=key, by=by, **wanted)
    secret = wanted.pop("secret")
    if type == Type.BASIC_AUTH:
        wanted["username"] = secret["username"]
        return save_credential(solution, key=key, by=by, secret=secret["password"], **wanted)
    return save_credential(solution, key=key, by=by, secret=secret["value"], **wanted)


def _document(credential: Credential, user: User) -> dict[str, Any]:
    context = {"connected": connected_keys(credential.solution, user)}
    return dict(CredentialSerializer(credential, context=context).data)
