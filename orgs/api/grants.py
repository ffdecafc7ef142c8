"""Role, solutions and groups as a body names them: `{role?, solutions?, groups?}`."""

from typing import Any

from rest_framework import serializers

from jigxmgmt.errors import FieldFault
from orgs.models import Membership, Organization, Solution, SolutionGroup, SolutionMember
from orgs.services.provisioning import Grants, NotOfThisOrganization


class SolutionGrantField(serializers.Field[Any, Any, Any, Any]):
    """A solution's id, which gives role *user* in it, or `{"id": …, "role": …}`."""

    def to_internal_value(self, written: Any) -> tuple[str, str]:
        if isinstance(written, dict):
            identity, role = written.get("id", ""), written.get("role", SolutionMember.Role.USER)
        else:
            identity, role = written, SolutionMember.Role.USER
        if role not in SolutionMember.Role.values:
            raise serializers.ValidationError(f"There is no role “{role}”.", code="invalid_choice")
        return str(serializers.UUIDField().to_internal_value(identity)), str(role)

    def to_representation(self, value: Any) -> Any:
        return value


class GrantsSerializer(serializers.Serializer[Any]):
    """Fields that other bodies take in as well, by inheritance."""

    role = serializers.ChoiceField(
        choices=Membership.Role.choices, required=False, default=Membership.Role.USER
    )
    solutions = serializers.ListField(
        child=SolutionGrantField(), required=False, default=list, max_length=200
    )
    groups = serializers.ListField(
        child=serializers.UUIDField(), required=False, default=list, max_length=200
    )


def grants_of(organization: Organization, fields: dict[str, Any]) -> Grants:
    """Return the grants of validated fields; raises NotOfThisOrganization with each fault."""
    roles = dict(fields["solutions"])
    solutions = {str(found.pk): found for found in organization.solutions.filter(pk__in=roles)}
    groups = SolutionGroup.objects.filter(
        pk__in=fields["groups"], solution__organization=organization
    ).select_related("solution")
    known = {str(group.pk) for group in groups}
    faults = [
        FieldFault(f"/solutions/{index}", "There is no such solution.", "solution_unknown")
        for index, identity in enumerate(roles)
        if identity not in solutions
    ] + [
        FieldFault(f"/groups/{index}", "There is no such group.", "group_unknown")
        for index, identity in enumerate(fields["groups"])
        if str(identity) not in known
    ]
    if faults:
        raise NotOfThisOrganization("Some solutions or groups do not exist.", faults=faults)
    return Grants(
        role=Membership.Role(fields["role"]),
        solutions=_with_roles(solutions, roles),
        groups=list(groups),
    )


def _with_roles(
    solutions: dict[str, Solution], roles: dict[str, str]
) -> dict[Solution, SolutionMember.Role]:
    return {solutions[identity]: SolutionMember.Role(role) for identity, role in roles.items()}
