"""The shapes of sign-in: what comes in, what goes out."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from auth_providers.models import Device, PersonalAccessToken
from auth_providers.services.scopes import Scope
from orgs.models import Membership, User


class DeviceDescriptionSerializer(serializers.Serializer[dict[str, str]]):
    """What a device says of itself; all of it optional, and cut when it is long."""

    name = serializers.CharField(required=False, allow_blank=True)
    platform = serializers.CharField(required=False, allow_blank=True)
    model = serializers.CharField(required=False, allow_blank=True)
    os_version = serializers.CharField(required=False, allow_blank=True)
    app_version = serializers.CharField(required=False, allow_blank=True)


class SignInSerializer(serializers.Serializer[dict[str, Any]]):
    client_id = serializers.CharField(max_length=255)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    code = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    device = DeviceDescriptionSerializer(required=False, default=dict)


class TokensSerializer(serializers.Serializer[dict[str, Any]]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    device_id = serializers.UUIDField()


class OwnMembershipSerializer(serializers.Serializer[Membership]):
    id = serializers.UUIDField(source="organization.pk")
    name = serializers.CharField(source="organization.name")
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class MeSerializer(serializers.Serializer[User]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    display_name = serializers.CharField()
    language = serializers.CharField()
    organizations = serializers.SerializerMethodField()

    @extend_schema_field(OwnMembershipSerializer(many=True))
    def get_organizations(self, user: User) -> list[dict[str, Any]]:
        """List where the person is an active member, and as what."""
        own = user.memberships.active().select_related("organization")
        return [dict(OwnMembershipSerializer(membership).data) for membership in own]


class DeviceSerializer(serializers.Serializer[Device]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    platform = serializers.CharField()
    model = serializers.CharField()
    os_version = serializers.CharField()
    app_version = serializers.CharField()
    app = serializers.CharField(source="app.name")
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_current = serializers.SerializerMethodField()

    def get_is_current(self, device: Device) -> bool:
        """Answer whether the caller calls from this very device."""
        current = self.context["request"].auth.device
        return current is not None and current.pk == device.pk


class NewPersonalAccessTokenSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=[scope.value for scope in Scope]),
        allow_empty=False,
        max_length=len(Scope),
    )


class PersonalAccessTokenSerializer(serializers.Serializer[PersonalAccessToken]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class CreatedTokenSerializer(PersonalAccessTokenSerializer):
    """The only answer that ever shows the secret."""

    secret = serializers.CharField()
