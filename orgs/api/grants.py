"""Role, solutions and groups as a body names them: `{role?, solutions?, groups?}`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jigxmgmt.errors import FieldFault
from orgs.models import Membership, Organization, Solution, SolutionGroup, SolutionMember
from orgs.services.provisioning import Grants, NotOfThisOrganization


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "format": "uuid"},
            {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "role": {"type": "string", "enum": SolutionMember.Role.values},
                },
            },
        ]
    }
)
class SolutionGrantField(serializers.Field[Any, Any, Any, Any]):
    """A solution's id, which gives role *user* in it, or `{"id": …, "role": …}`."""

    def to_internal_value(self, written: Any) -> tuple[str, str]:
        if isinstance(written, dict):
            identity, role = written.get("id", ""), written.get("role", SolutionMember.Role.USER)
        else:
            identity, role = written, SolutionMember.Role.USER
        if role not in SolutionMember.Role.values:
            sentence = _("There is no role “%(role)s”.") % {"role": role}
            raise serializers.ValidationError(sentence, code="invalid_choice")
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


@dataclass(frozen=True, slots=True)
class Choices:
    """What bodies may name: the solutions and groups of one organization, by id."""

    solutions: dict[str, Solution]
    groups: dict[str, SolutionGroup]


def choices_of(organization: Organization, rows: Iterable[dict[str, Any]]) -> Choices:
    """Return what these validated bodies name and the organization has, by two queries."""
    rows = list(rows)
    solutions = organization.solutions.filter(
        pk__in={identity for fields in rows for identity, _role in fields["solutions"]}
    )
    groups = SolutionGroup.objects.filter(
        pk__in={identity for fields in rows for identity in fields["groups"]},
        solution__organization=organization,
    ).select_related("solution")
    return Choices(
        solutions={str(found.pk): found for found in solutions},
        groups={str(found.pk): found for found in groups},
    )


def grants_of(organization: Organization, fields: dict[str, Any]) -> Grants:
    """Return the grants of validated fields; raises NotOfThisOrganization with each fault."""
    return chosen_grants(choices_of(organization, [fields]), fields)


def chosen_grants(choices: Choices, fields: dict[str, Any]) -> Grants:
    """Return the grants of validated fields; raises NotOfThisOrganization with each fault."""
    roles = dict(fields["solutions"])
    named = [str(identity) for identity in fields["groups"]]
    faults = [
        FieldFault(f"/solutions/{index}", _("There is no such solution."), "solution_unknown")
        for index, (identity, _role) in enumerate(fields["solutions"])
        if identity not in choices.solutions
    ] + [
        FieldFault(f"/groups/{index}", _("There is no such group."), "group_unknown")
        for index, identity in enumerate(named)
        if identity not in choices.groups
    ]
    if faults:
        raise NotOfThisOrganization(_("Some solutions or groups do not exist."), faults=faults)
    return Grants(
        role=Membership.Role(fields["role"]),
        solutions={
            choices.solutions[identity]: SolutionMember.Role(role)
            for identity, role in roles.items()
        },
        groups=[choices.groups[identity] for identity in dict.fromkeys(named)],
    )
