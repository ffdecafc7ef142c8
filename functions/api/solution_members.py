"""A solution's people: who is in, as what, and in which groups."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.people_serializers import (
    NewSolutionMemberSerializer,
    RoleSerializer,
    SolutionMemberListSerializer,
    SolutionMemberSerializer,
    one_or_many,
    people_named,
)
from functions.services.solutions import find_solution, require_scripts
from jigxmgmt.api import CursorPagination
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.models import Solution, SolutionMember
from orgs.services.solution_members import (
    NoSuchSolutionMember,
    remove_solution_member,
    set_solution_member_role,
    set_solution_members,
)

Role = SolutionMember.Role


NEW_MEMBERS = PolymorphicProxySerializer(
    component_name="OneOrManyNewSolutionMembers",
    serializers=[NewSolutionMemberSerializer, NewSolutionMemberSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)
MEMBERS = PolymorphicProxySerializer(
    component_name="OneOrManySolutionMembers",
    serializers=[SolutionMemberSerializer, SolutionMemberListSerializer],
    resource_type_field_name=None,
    many=False,
)


class OldestFirst(CursorPagination):
    ordering = "created_at"


class SolutionMembers(ListAPIView[SolutionMember]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {"GET": "solutions:read", "POST": "solutions:write"}
    serializer_class = SolutionMemberSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[SolutionMember]:
        return members_of(open_solution(self.request, self.kwargs["pk"]))

    @extend_schema(request=NEW_MEMBERS, responses={201: MEMBERS}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Give one person a role, or a list of people, all or none; who is in gets the new one."""
        solution = open_solution(request, pk)
        wanted, is_list = one_or_many(NewSolutionMemberSerializer, request.data)
        people = people_named(solution, wanted, is_list=is_list)
        roles = [Role(fields["role"]) for fields in wanted]
        with once(request, act=f"solution_member.set_role {solution.pk}") as claim:
            given = set_solution_members(
                solution, changes=dict(zip(people, roles, strict=True)), by=request.user
            )
            members = [given[person] for person in people]
            claim.subject_id = str(solution.pk if is_list else members[0].pk)
        shown = members_of(solution).in_bulk([member.pk for member in members])
        answer = SolutionMemberListSerializer({"results": [shown[one.pk] for one in members]}).data
        return Response(answer if is_list else answer["results"][0], status=201)


class OneSolutionMember(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "solutions:read",
        "PATCH": "solutions:write",
        "DELETE": "solutions:write",
    }

    @extend_schema(responses=SolutionMemberSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, member_id: uuid.UUID) -> Response:
        return self._answer(open_solution(request, pk), member_id)

    @extend_schema(request=RoleSerializer, responses=SolutionMemberSerializer)
    def patch(self, request: CallerRequest, pk: uuid.UUID, member_id: uuid.UUID) -> Response:
        solution = open_solution(request, pk)
        member = find_member(solution, member_id)
        fields = RoleSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        role = Role(fields.validated_data["role"])
        set_solution_member_role(solution, membership=member.membership, role=role, by=request.user)
        return self._answer(solution, member_id)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, member_id: uuid.UUID) -> Response:
        """End the person's part, with their places in the solution's groups."""
        solution = open_solution(request, pk)
        remove_solution_member(find_member(solution, member_id), by=request.user)
        return Response(status=204)

    def _answer(self, solution: Solution, member_id: uuid.UUID) -> Response:
        return Response(SolutionMemberSerializer(find_member(solution, member_id)).data)


def open_solution(request: CallerRequest, solution_id: uuid.UUID) -> Solution:
    """Return a solution that the caller sees, for what no device may ask.

    Raises NotForDevices or NoSuchSolution.
    """
    require_scripts(request.auth)
    return find_solution(request.auth, solution_id)


def members_of(solution: Solution) -> QuerySet[SolutionMember]:
    """Return a solution's people as they are shown, with their groups."""
    people = solution.members.select_related("solution__organization", "membership__user")
    return people.prefetch_related("groups")


def find_member(solution: Solution, member_id: uuid.UUID) -> SolutionMember:
    """Return one of a solution's people; raises NoSuchSolutionMember."""
    member = members_of(solution).filter(pk=member_id).first()
    if member is None:
        raise NoSuchSolutionMember(_("This person is not in the solution."))
    return member
