"""The caller's organizations and their settings."""

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from orgs.api.callers import CallerRequest, require_reach, require_within
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.http import UserRequest
from orgs.models import Domain, Membership, Organization
from orgs.policies import Act, acts_of
from orgs.services.joining import found_own_organization
from orgs.services.organization_settings import delete_organization
from orgs.services.support_access import SupportAccess, change_settings


class NewOrganizationSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=100)
    domain = serializers.CharField(max_length=254, required=False, allow_blank=True, default="")
    join_policy = serializers.ChoiceField(
        choices=Domain.JoinPolicy.choices, required=False, default=Domain.JoinPolicy.REQUEST
    )


class SupportAccessSerializer(serializers.Serializer[dict[str, Any]]):
    level = serializers.ChoiceField(choices=Organization.SupportAccess.choices)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class SettingsSerializer(serializers.Serializer[dict[str, Any]]):
    """Each by itself; what is not given stays."""

    name = serializers.CharField(max_length=100, required=False)
    website = serializers.CharField(max_length=300, required=False, allow_blank=True)
    region_label = serializers.CharField(max_length=50, required=False, allow_blank=True)
    request_email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    idle_minutes = serializers.IntegerField(required=False, allow_null=True)
    allows_scripts = serializers.BooleanField(required=False)
    allows_basic_auth = serializers.BooleanField(required=False)
    support_access = SupportAccessSerializer(required=False)


class TypedNameSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=100)


class OrganizationSerializer(serializers.Serializer[Membership]):
    """An organization as one of its members sees it; settings only where they may change them."""

    id = serializers.UUIDField(source="organization.pk")
    name = serializers.CharField(source="organization.name")
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    website = serializers.CharField(source="organization.website")
    region_label = serializers.CharField(source="organization.region_label")
    request_email = serializers.CharField(source="organization.request_email", required=False)
    idle_minutes = serializers.IntegerField(
        source="organization.idle_minutes", allow_null=True, required=False
    )
    allows_scripts = serializers.BooleanField(source="organization.allows_scripts", required=False)
    allows_basic_auth = serializers.BooleanField(
        source="organization.allows_basic_auth", required=False
    )
    support_access = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="organization.created_at")

    def to_representation(self, instance: Membership) -> dict[str, Any]:
        """Leave out what is for those who set the organization up."""
        shown = super().to_representation(instance)
        if Act.SET_UP_ORGANIZATION not in acts_of(instance.role):
            for field in (
                "request_email",
                "idle_minutes",
                "allows_scripts",
                "allows_basic_auth",
                "support_access",
            ):
                del shown[field]
        return shown

    @extend_schema_field(SupportAccessSerializer)
    def get_support_access(self, membership: Membership) -> dict[str, Any]:
        """Say how far, and until when, operators may come in."""
        organization = membership.organization
        return {
            "level": organization.support_access,
            "until": organization.support_access_until,
        }


class Organizations(ListAPIView[Membership]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str | None]] = {"GET": "organization:read", "POST": None}
    serializer_class = OrganizationSerializer

    def get_queryset(self) -> QuerySet[Membership]:
        return _memberships(self.request)

    @extend_schema(
        request=NewOrganizationSerializer,
        responses={201: OrganizationSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest) -> Response:
        """Found an organization, whose owner the caller is; also from the app on a phone."""
        require_within(request.auth, None)
        # A device holds no scope for organizations; founding one is what it may do all the same.
        require_reach(request.auth, "organization:write")
        fields = NewOrganizationSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act="organization.create") as claim:
            founded = found_own_organization(
                owner=request.user, now=timezone.now(), **fields.validated_data
            )
            claim.subject_id = str(founded.pk)
        return Response(OrganizationSerializer(_membership(request, founded.pk)).data, status=201)


class OneOrganization(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "organization:read",
        "PATCH": "organization:write",
        "DELETE": "organization:write",
    }

    @extend_schema(responses=OrganizationSerializer)
    def get(self, request: UserRequest, pk: uuid.UUID) -> Response:
        return Response(OrganizationSerializer(_membership(request, pk)).data)

    @extend_schema(request=SettingsSerializer, responses=OrganizationSerializer)
    def patch(self, request: UserRequest, pk: uuid.UUID) -> Response:
        """Change what is given, all of it or nothing."""
        membership = _membership(request, pk)
        fields = SettingsSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        support = fields.validated_data.pop("support_access", None)
        membership.organization = change_settings(
            membership.organization,
            details=fields.validated_data,
            support=SupportAccess(**support) if support else None,
            by=request.user,
            now=timezone.now(),
        )
        return Response(OrganizationSerializer(membership).data)

    @extend_schema(request=TypedNameSerializer, responses={204: None})
    def delete(self, request: UserRequest, pk: uuid.UUID) -> Response:
        """End the organization; its name in the body says that it is meant."""
        organization = _membership(request, pk).organization
        fields = TypedNameSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        delete_organization(organization, typed_name=fields.validated_data["name"], by=request.user)
        return Response(status=204)


def _memberships(request: UserRequest) -> QuerySet[Membership]:
    return request.user.memberships.active().select_related("organization")


def _membership(request: UserRequest, organization_id: uuid.UUID) -> Membership:
    return get_object_or_404(_memberships(request), organization=organization_id)
