"""What the caller's proved address opens: organizations to join."""

import uuid
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.serializers import OwnMembershipSerializer
from auth_providers.http import CallerRequest
from auth_providers.services.scopes import Scope
from orgs.api.callers import require_reach
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.services.joining import (
    Joinable,
    join_organization,
    joinable_organizations,
    offered_organization,
)
from orgs.services.organizations import NoSuchOrganization


class JoinableSerializer(serializers.Serializer[Joinable]):
    id = serializers.UUIDField(source="organization.pk")
    name = serializers.CharField(source="organization.name")
    region_label = serializers.CharField(source="organization.region_label")
    domain = serializers.CharField()
    is_proved = serializers.BooleanField()
    policy = serializers.ChoiceField(choices=["AUTOMATIC", "REQUEST"])


class JoinableListSerializer(serializers.Serializer[dict[str, Any]]):
    results = JoinableSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class ListJoinableOrganizations(APIView):
    """Organizations that the domain of the caller's proved address offers."""

    required_scope = None

    @extend_schema(responses=JoinableListSerializer)
    def get(self, request: CallerRequest) -> Response:
        require_reach(request.auth, Scope.ORGANIZATION_READ)
        offered = [] if request.auth.confined_to else joinable_organizations(request.user)
        # Never so many that a cursor were needed.
        return Response(JoinableListSerializer({"results": offered, "next": None}).data)


class JoinOrganization(APIView):
    """Become a member, where that needs nobody's approval."""

    required_scope = None

    @extend_schema(
        request=None, responses={201: OwnMembershipSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        require_reach(request.auth, Scope.ORGANIZATION_WRITE)
        if request.auth.confined_to not in (None, pk):
            raise NoSuchOrganization(_("There is no such organization."))
        organization = offered_organization(request.user, pk)
        with once(request, act=f"organization.join {pk}") as claim:
            membership = join_organization(organization, user=request.user, now=timezone.now())
            claim.subject_id = str(membership.pk)
        return Response(OwnMembershipSerializer(membership).data, status=201)
