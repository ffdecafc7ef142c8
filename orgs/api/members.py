"""An organization's people, for programs: to list them, and to change what they are there."""

import uuid
from typing import Any, ClassVar

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from orgs import policies
from orgs.http import UserRequest
from orgs.models import Membership, SolutionMember, User
from orgs.models.organizations import MembershipQuerySet
from orgs.services.members import change_member, members_of, remove_member
from orgs.services.organizations import find_own_organization

ACTIVE, DISABLED = "active", "disabled"
STATES = ((ACTIVE, "Active"), (DISABLED, "Disabled"))


class RoleInSolutionSerializer(serializers.Serializer[SolutionMember]):
    id = serializers.UUIDField(source="solution.pk")
    name = serializers.CharField(source="solution.name")
    role = serializers.ChoiceField(choices=SolutionMember.Role.choices)


class MemberSerializer(serializers.Serializer[Membership]):
    """A person in an organization, with their roles in those solutions that the caller may see."""

    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    email = serializers.EmailField(source="user.email")
    first_name = serializers.CharField(source="user.first_name")
    last_name = serializers.CharField(source="user.last_name")
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    state = serializers.SerializerMethodField()
    solutions = RoleInSolutionSerializer(source="seen_roles", many=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_state(self, membership: Membership) -> str:
        return ACTIVE if membership.may_enter else DISABLED


class MemberFiltersSerializer(serializers.Serializer[dict[str, Any]]):
    search = serializers.CharField(required=False, allow_blank=True, max_length=200)
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False)
    state = serializers.ChoiceField(choices=STATES, required=False)


class MemberChangeSerializer(serializers.Serializer[dict[str, Any]]):
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False)
    state = serializers.ChoiceField(choices=STATES, required=False)


@extend_schema_view(get=extend_schema(parameters=[MemberFiltersSerializer]))
class ListMembers(ListAPIView[Membership]):
    request: UserRequest
    required_scope = "people:read"
    serializer_class = MemberSerializer

    def get_queryset(self) -> MembershipQuerySet:
        filters = MemberFiltersSerializer(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        wanted = filters.validated_data
        members = _members(self.request.user, self.kwargs["pk"])
        if role := wanted.get("role"):
            members = members.filter(role=role)
        if state := wanted.get("state"):
            members = members.active() if state == ACTIVE else members.disabled()
        return members.matching(wanted.get("search", ""))


class OneMember(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "people:read",
        "PATCH": "people:write",
        "DELETE": "people:write",
    }

    @extend_schema(responses=MemberSerializer)
    def get(self, request: UserRequest, pk: uuid.UUID, member_id: uuid.UUID) -> Response:
        member = get_object_or_404(_members(request.user, pk), pk=member_id)
        return Response(MemberSerializer(member).data)

    @extend_schema(request=MemberChangeSerializer, responses=MemberSerializer)
    def patch(self, request: UserRequest, pk: uuid.UUID, member_id: uuid.UUID) -> Response:
        member = get_object_or_404(_members(request.user, pk), pk=member_id)
        fields = MemberChangeSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        state = fields.validated_data.get("state")
        change_member(
            member,
            role=fields.validated_data.get("role"),
            is_active=state and state == ACTIVE,
            by=request.user,
            now=timezone.now(),
        )
        return Response(MemberSerializer(member).data)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, pk: uuid.UUID, member_id: uuid.UUID) -> Response:
        member = get_object_or_404(_members(request.user, pk), pk=member_id)
        remove_member(member, by=request.user)
        return Response(status=204)


def _members(user: User, organization_id: uuid.UUID) -> MembershipQuerySet:
    """Return an organization's people; nobody is told of solutions that they may not see."""
    organization = find_own_organization(user, organization_id)
    seen = policies.solutions_allowing(user, policies.SolutionAct.SEE)
    roles = SolutionMember.objects.filter(solution__in=seen).select_related("solution")
    return members_of(organization, by=user).prefetch_related(
        Prefetch("solution_roles", roles.order_by("solution__name"), to_attr="seen_roles")
    )
