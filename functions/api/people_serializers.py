"""The shapes of a solution's people and groups, as they come in and go out."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from jigxmgmt.errors import FieldFault, pointer
from orgs.models import Membership, Solution, SolutionGroup, SolutionMember
from orgs.models.addresses import normal_email
from orgs.services.groups import NAME_LENGTH
from orgs.services.solution_members import check_number_of_changes
from orgs.services.solutions import NotInOrganization


class PersonSerializer(serializers.Serializer[Any]):
    """Somebody of the organization, by the id of their membership or by their address."""

    membership_id = serializers.UUIDField(required=False)
    email = serializers.CharField(max_length=254, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take one of both."""
        if ("membership_id" in attrs) == ("email" in attrs):
            raise serializers.ValidationError(_("Give membership_id or email."), code="required")
        return attrs


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=SolutionMember.Role.choices)


class NewSolutionMemberSerializer(RoleSerializer, PersonSerializer):
    pass


class SolutionMemberSerializer(serializers.ModelSerializer[SolutionMember]):
    email = serializers.EmailField(source="membership.user.email", read_only=True)
    first_name = serializers.CharField(source="membership.user.first_name", read_only=True)
    last_name = serializers.CharField(source="membership.user.last_name", read_only=True)
    groups = serializers.SerializerMethodField()

    class Meta:
        model = SolutionMember
        fields = ["id", "membership_id", "email", "first_name", "last_name", "role", "groups"]

    def get_groups(self, member: SolutionMember) -> list[str]:
        """The ids of the groups that the person is in."""
        return [str(place.group_id) for place in member.groups.all()]


class SolutionMemberListSerializer(serializers.Serializer[Any]):
    results = SolutionMemberSerializer(many=True)


class GroupNameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)


class GroupSerializer(serializers.ModelSerializer[SolutionGroup]):
    members = serializers.IntegerField(source="people", read_only=True, help_text="How many.")

    class Meta:
        model = SolutionGroup
        fields = ["id", "name", "members", "created_at"]


def people_named(
    solution: Solution, wanted: Sequence[dict[str, Any]], *, is_list: bool
) -> list[Membership]:
    """Return the members of the organization that validated fields name, in their order.

    Raises NotInOrganization with each that is none, or that is named twice.
    """
    keys = [person.get("membership_id") or normal_email(person["email"]) for person in wanted]
    everybody = Membership.objects.filter(organization=solution.organization_id)
    rows = everybody.select_related("user")
    found: dict[Any, Membership] = {}
    for row in rows.filter(pk__in=[key for key in keys if not isinstance(key, str)]):
        found[row.pk] = row
    for row in rows.filter(user__email__in=[key for key in keys if isinstance(key, str)]):
        found[row.user.email] = row
    faults = []
    seen: set[Membership] = set()
    for index, key in enumerate(keys):
        person = found.get(key)
        if person is None or person in seen:
            field = "email" if isinstance(key, str) else "membership_id"
            place = pointer(index, field) if is_list else pointer(field)
            words = _("The person is named twice.") if person else _("There is no such person.")
            faults.append(FieldFault(place, words, NotInOrganization.code))
        else:
            seen.add(person)
    if faults:
        raise NotInOrganization(_("Some people are at fault."), faults=faults)
    return [found[key] for key in keys]


def one_or_many(
    serializer: type[serializers.Serializer[Any]], written: Any
) -> tuple[list[dict[str, Any]], bool]:
    """Return validated fields of a body that is an object or a list of them, and which it was.

    Raises TooManyChanges.
    """
    is_list = isinstance(written, list)
    if not is_list:
        fields = serializer(data=written)
        fields.is_valid(raise_exception=True)
        return [fields.validated_data], False
    check_number_of_changes(written)
    many: serializers.ListSerializer[Any] = serializers.ListSerializer(
        data=written, child=serializer(), allow_empty=False
    )
    many.is_valid(raise_exception=True)
    return list(many.validated_data), True
