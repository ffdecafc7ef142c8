"""The caller's consents for outside services: which there are, and ending them."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from auth_providers.models import OutsideGrant
from auth_providers.services.outside_grants import end_grant, grants_of
from auth_providers.services.scopes import Scope
from jigxmgmt.api import CursorPagination


class ConnectedSolutionSerializer(serializers.Serializer[OutsideGrant]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    organization_id = serializers.UUIDField()


class ConnectionSerializer(serializers.Serializer[OutsideGrant]):
    """A consent; its tokens never leave us."""

    id = serializers.UUIDField()
    name = serializers.CharField(source="configuration.name")
    type = serializers.CharField(source="configuration.type")
    solution = ConnectedSolutionSerializer()
    credential_key = serializers.CharField()
    state = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField()
    connected_at = serializers.DateTimeField()

    def get_state(self, grant: OutsideGrant) -> OutsideGrant.State:
        """Answer BROKEN where the person has to connect again."""
        is_broken = grant.needs_reconnect
        return OutsideGrant.State.BROKEN if is_broken else OutsideGrant.State.CONNECTED

    def get_scopes(self, grant: OutsideGrant) -> list[str]:
        """List what the provider allows."""
        return grant.scopes.split()


class NewestConnections(CursorPagination):
    ordering = "-connected_at"


class ListMyConnections(ListAPIView[OutsideGrant]):
    """Outside services that the caller has connected."""

    request: CallerRequest
    required_scope = Scope.TOKENS_READ
    serializer_class = ConnectionSerializer
    pagination_class = NewestConnections

    def get_queryset(self) -> QuerySet[OutsideGrant]:
        return _own_grants(self.request)


class OneOfMyConnections(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.TOKENS_READ,
        "DELETE": Scope.TOKENS_WRITE,
    }

    @extend_schema(responses=ConnectionSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        grant = get_object_or_404(_own_grants(request), pk=pk)
        return Response(ConnectionSerializer(grant).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Forget the consent and its tokens; the service is asked for again by the next call."""
        end_grant(get_object_or_404(_own_grants(request), pk=pk), by=request.user)
        return Response(status=204)


def _own_grants(request: CallerRequest) -> QuerySet[OutsideGrant]:
    """Return the caller's, and to an organization's app those in its organization."""
    mine = grants_of(request.user)
    confined_to = request.auth.confined_to
    return mine.filter(solution__organization=confined_to) if confined_to else mine
