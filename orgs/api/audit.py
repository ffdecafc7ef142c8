"""The audit events of an organization, for programs."""

import uuid
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.views import APIView

from jigxmgmt.api import CursorPagination
from orgs.http import StreamedFile, UserRequest
from orgs.models import AuditEvent
from orgs.models.audit import AuditEventQuerySet
from orgs.services.audit_export import ExportFormat, export_events, placed_document
from orgs.services.audit_log import Narrowing, events_of
from orgs.services.organizations import find_own_organization


class NamedSerializer(serializers.Serializer[dict[str, Any]]):
    """Who or what it was, and what it was called then."""

    id = serializers.CharField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]


class AuditEventSerializer(serializers.Serializer[AuditEvent]):
    """An act; `changes` has of each field what was before and after, never a secret.

    The digest covers the event and all before it in the organization. It and the number are null
    for the moment until the event has its place.
    """

    id = serializers.UUIDField()
    organization_id = serializers.UUIDField()
    number = serializers.IntegerField(allow_null=True)
    act = serializers.CharField()
    actor = NamedSerializer()
    subject = NamedSerializer()
    changes = serializers.DictField(child=serializers.ListField(min_length=2, max_length=2))
    address = serializers.IPAddressField(allow_null=True)
    correlation_id = serializers.UUIDField()
    created_at = serializers.DateTimeField()
    digest = serializers.CharField(allow_null=True)

    def to_representation(self, instance: AuditEvent) -> dict[str, Any]:
        """Give what the digest covers, to the letter."""
        return placed_document(instance)


class AuditFiltersSerializer(serializers.Serializer[dict[str, Any]]):
    act = serializers.CharField(
        required=False,
        max_length=60,
        help_text="As member.admit; member alone is all acts on members.",
    )
    actor = serializers.UUIDField(required=False)
    subject = serializers.CharField(required=False, max_length=100)
    correlation_id = serializers.UUIDField(required=False, source="correlation")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Up to this moment, without it.")
    search = serializers.CharField(
        required=False, max_length=200, help_text="In the labels and the act; or a subject's id."
    )


class ExportFiltersSerializer(AuditFiltersSerializer):
    format = serializers.ChoiceField(choices=[wanted.value for wanted in ExportFormat])


class NewestFirst(CursorPagination):
    ordering = ("-created_at", "-pk")  # type: ignore[assignment]


@extend_schema_view(get=extend_schema(parameters=[AuditFiltersSerializer]))
class ListAuditEvents(ListAPIView[AuditEvent]):
    request: UserRequest
    required_scope = "audit:read"
    serializer_class = AuditEventSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> AuditEventQuerySet:
        filters = AuditFiltersSerializer(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        organization = find_own_organization(self.request.user, self.kwargs["pk"])
        narrowing = Narrowing(**filters.validated_data)
        return events_of(organization, narrowing=narrowing, by=self.request.user)


class FormatInQuery(BaseContentNegotiation):
    """The query names the format; to the framework it would name a renderer."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ExportAuditEvents(APIView):
    """All events that the filters leave, as one file in the order of their chain.

    The export is an audit event itself.
    """

    required_scope = "audit:read"
    content_negotiation_class = FormatInQuery

    @extend_schema(
        parameters=[ExportFiltersSerializer],
        responses={
            (200, "application/json"): AuditEventSerializer(many=True),
            (200, "text/csv"): str,
        },
    )
    def get(self, request: UserRequest, pk: uuid.UUID) -> HttpResponseBase:
        filters = ExportFiltersSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        wanted = ExportFormat(filters.validated_data.pop("format"))
        pieces = export_events(
            find_own_organization(request.user, pk),
            wanted=wanted,
            narrowing=Narrowing(**filters.validated_data),
            by=request.user,
        )
        return StreamedFile(pieces, name=f"audit-events.{wanted}", content_type=wanted.content_type)
