"""A solution's groups and who is in them."""

import uuid
from typing import ClassVar

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.people_serializers import (
    GroupNameSerializer,
    GroupSerializer,
    PersonSerializer,
    SolutionMemberSerializer,
    people_named,
)
from functions.api.solution_members import OldestFirst, find_member, members_of, open_solution
from jigxmgmt.api import CursorPagination
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.models import Solution, SolutionGroup, SolutionMember
from orgs.services.groups import (
    NoSuchGroup,
    add_to_group,
    create_group,
    delete_group,
    remove_from_group,
    rename_group,
)


class ByGroupName(CursorPagination):
    ordering = "name"


class SolutionGroups(ListAPIView[SolutionGroup]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {"GET": "solutions:read", "POST": "solutions:write"}
    serializer_class = GroupSerializer
    pagination_class = ByGroupName

    def get_queryset(self) -> QuerySet[SolutionGroup]:
        return groups_of(open_solution(self.request, self.kwargs["pk"]))

    @extend_schema(
        request=GroupNameSerializer, responses={201: GroupSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        solution = open_solution(request, pk)
        fields = GroupNameSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"group.create {solution.pk}") as claim:
            group = create_group(solution, by=request.user, **fields.validated_data)
            claim.subject_id = str(group.pk)
        return Response(GroupSerializer(find_group(solution, group.pk)).data, status=201)


class OneGroup(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "solutions:read",
        "PATCH": "solutions:write",
        "DELETE": "solutions:write",
    }

    @extend_schema(responses=GroupSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, group_id: uuid.UUID) -> Response:
        return Response(GroupSerializer(find_group(open_solution(request, pk), group_id)).data)

    @extend_schema(request=GroupNameSerializer, responses=GroupSerializer)
    def patch(self, request: CallerRequest, pk: uuid.UUID, group_id: uuid.UUID) -> Response:
        group = find_group(open_solution(request, pk), group_id)
        fields = GroupNameSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        rename_group(group, by=request.user, **fields.validated_data)
        return Response(GroupSerializer(group).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, group_id: uuid.UUID) -> Response:
        """End it; its people stay in the solution."""
        delete_group(find_group(open_solution(request, pk), group_id), by=request.user)
        return Response(status=204)


class GroupMembers(ListAPIView[SolutionMember]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {"GET": "solutions:read", "POST": "solutions:write"}
    serializer_class = SolutionMemberSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[SolutionMember]:
        solution = open_solution(self.request, self.kwargs["pk"])
        group = find_group(solution, self.kwargs["group_id"])
        return members_of(solution).filter(groups__group=group)

    @extend_schema(
        request=PersonSerializer,
        responses={201: SolutionMemberSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest, pk: uuid.UUID, group_id: uuid.UUID) -> Response:
        """Put somebody in; who has no role in the solution becomes a user of it."""
        solution = open_solution(request, pk)
        group = find_group(solution, group_id)
        fields = PersonSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        (person,) = people_named(solution, [fields.validated_data], is_list=False)
        with once(request, act=f"group_member.add {group.pk}") as claim:
            place = add_to_group(group, membership=person, by=request.user)
            claim.subject_id = str(place.member_id)
        member = find_member(solution, place.member_id)
        return Response(SolutionMemberSerializer(member).data, status=201)


class OneGroupMember(APIView):
    required_scope = "solutions:write"

    @extend_schema(responses={204: None})
    def delete(
        self, request: CallerRequest, pk: uuid.UUID, group_id: uuid.UUID, member_id: uuid.UUID
    ) -> Response:
        """Take the person out of the group; they stay in the solution."""
        solution = open_solution(request, pk)
        group = find_group(solution, group_id)
        remove_from_group(group, member=find_member(solution, member_id), by=request.user)
        return Response(status=204)


def groups_of(solution: Solution) -> QuerySet[SolutionGroup]:
    """Return a solution's groups with the number of people in each."""
    groups = solution.groups.select_related("solution__organization")
    return groups.annotate(people=Count("members"))


def find_group(solution: Solution, group_id: uuid.UUID) -> SolutionGroup:
    """Return one of a solution's groups; raises NoSuchGroup."""
    group = groups_of(solution).filter(pk=group_id).first()
    if group is None:
        raise NoSuchGroup(_("This solution has no such group."))
    return group
