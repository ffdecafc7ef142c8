"""The shapes of invitations: what comes in, what goes out."""

from typing import Any

from rest_framework import serializers

from orgs.api.grants import GrantsSerializer
from orgs.models import Invite, InviteSolution, Membership, SolutionGroup, SolutionMember, User
from orgs.models.addresses import ADDRESS_LENGTH
from orgs.services.people import NAME_LENGTH


class InvitationSerializer(GrantsSerializer):
    email = serializers.EmailField(max_length=ADDRESS_LENGTH)
    first_name = serializers.CharField(
        max_length=NAME_LENGTH, required=False, allow_blank=True, default=""
    )
    last_name = serializers.CharField(
        max_length=NAME_LENGTH, required=False, allow_blank=True, default=""
    )
    language = serializers.CharField(
        max_length=10, required=False, default="en", help_text="ISO 639-1."
    )


class InviteSolutionSerializer(serializers.Serializer[InviteSolution]):
    id = serializers.UUIDField(source="solution.pk")
    name = serializers.CharField(source="solution.name")
    role = serializers.ChoiceField(choices=SolutionMember.Role.choices)


class InviteGroupSerializer(serializers.Serializer[SolutionGroup]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    solution_id = serializers.UUIDField()


class InviterSerializer(serializers.Serializer[User]):
    id = serializers.UUIDField()
    name = serializers.CharField(source="display_name")


class InviteSerializer(serializers.Serializer[Invite]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    language = serializers.CharField()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    state = serializers.ChoiceField(choices=Invite.State.choices, source="state_now")
    solutions = InviteSolutionSerializer(many=True)
    groups = InviteGroupSerializer(many=True)
    invited_by = InviterSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class InviteFiltersSerializer(serializers.Serializer[dict[str, Any]]):
    search = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")
    state = serializers.ChoiceField(choices=Invite.State.choices, required=False)


class DryRunSerializer(serializers.Serializer[dict[str, Any]]):
    dry_run = serializers.BooleanField(
        required=False, default=False, help_text="Answers 200 with a result a row; sends nothing."
    )


class RowFaultSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField()
    detail = serializers.CharField()
    code = serializers.CharField()


class ExaminedInvitationSerializer(serializers.Serializer[Any]):
    """What would become of one row."""

    email = serializers.CharField()
    is_in_order = serializers.BooleanField()
    errors = RowFaultSerializer(many=True)  # type: ignore[assignment]


class ResendSerializer(serializers.Serializer[dict[str, Any]]):
    language = serializers.CharField(
        max_length=10, required=False, help_text="ISO 639-1; the one it had, when left out."
    )


class AcceptanceSerializer(serializers.Serializer[dict[str, Any]]):
    token = serializers.CharField(max_length=200)
    password = serializers.CharField(
        max_length=1000,
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
        help_text="Makes the account, where the address has none yet.",
    )
    first_name = serializers.CharField(
        max_length=NAME_LENGTH, required=False, allow_blank=True, default=""
    )
    last_name = serializers.CharField(
        max_length=NAME_LENGTH, required=False, allow_blank=True, default=""
    )


class AcceptedSerializer(serializers.Serializer[Membership]):
    """The membership that came of it."""

    user_id = serializers.UUIDField()
    email = serializers.EmailField(source="user.email")
    organization_id = serializers.UUIDField()
    organization = serializers.CharField(source="organization.name")
    role = serializers.ChoiceField(choices=Membership.Role.choices)
