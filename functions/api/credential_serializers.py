"""The shapes of credentials: what each type takes, and the little that is told of all."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from auth_providers.models import OAuthConfiguration
from functions.models import Credential
from functions.services.keychain import public_fields


class CredentialTypeSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=Credential.Type.choices)


class OriginsSerializer(CredentialTypeSerializer):
    """What all types take."""

    allowed_origins = serializers.ListField(
        child=serializers.CharField(max_length=300), max_length=50, default=list
    )


class SecretSerializer(serializers.Serializer[Any]):
    value = serializers.CharField(max_length=10_000, trim_whitespace=False)


class NewSecretSerializer(OriginsSerializer):
    secret = SecretSerializer()
    available_to_devices = serializers.BooleanField(default=False)


class UserNameAndPasswordSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=1000, trim_whitespace=False)
    password = serializers.CharField(max_length=10_000, trim_whitespace=False)


class NewBasicAuthSerializer(OriginsSerializer):
    secret = UserNameAndPasswordSerializer()
    available_to_devices = serializers.BooleanField(default=False)


class NewOAuthAliasSerializer(OriginsSerializer):
    configuration_id = serializers.UUIDField(help_text="One of the organization's.")


class ClientSecretSerializer(serializers.Serializer[Any]):
    client_secret = serializers.CharField(max_length=1000, allow_blank=True, trim_whitespace=False)


class NewOAuthSerializer(OriginsSerializer):
    """A configuration's fields; its `type` is `configuration_type` here, its key the credential's.

    Without a secret the one that is there stays.
    """

    configuration_type = serializers.ChoiceField(
        choices=OAuthConfiguration.Type.choices, default=OAuthConfiguration.Type.OPENID
    )
    name = serializers.CharField(max_length=100, required=False)
    client_id = serializers.CharField(max_length=255)
    client_authentication = serializers.ChoiceField(
        choices=OAuthConfiguration.ClientAuthentication.choices, required=False
    )
    issuer = serializers.CharField(max_length=500, allow_blank=True, required=False)
    authorization_endpoint = serializers.CharField(max_length=500, allow_blank=True, required=False)
    token_endpoint = serializers.CharField(max_length=500, allow_blank=True, required=False)
    jwks_uri = serializers.CharField(max_length=500, allow_blank=True, required=False)
    end_session_endpoint = serializers.CharField(max_length=500, allow_blank=True, required=False)
    redirect_urls = serializers.ListField(
        child=serializers.CharField(max_length=500), max_length=20
    )
    uses_pkce = serializers.BooleanField(required=False)
    uses_nonce = serializers.BooleanField(required=False)
    scopes = serializers.CharField(max_length=1000, allow_blank=True, required=False)
    login_hint = serializers.CharField(max_length=200, allow_blank=True, required=False)
    additional_parameters = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True), required=False
    )
    secret = ClientSecretSerializer(required=False)


class PublicConfigurationSerializer(serializers.Serializer[Any]):
    """What an app may know of an OAuth client; never its secret."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    type = serializers.CharField()
    client_id = serializers.CharField()
    issuer = serializers.CharField()
    authorization_endpoint = serializers.CharField()
    token_endpoint = serializers.CharField()
    scopes = serializers.CharField()
    redirect_urls = serializers.ListField(child=serializers.CharField())
    uses_pkce = serializers.BooleanField()


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    """The context names the keys that the caller is connected through."""

    saved_by = serializers.EmailField(source="saved_by.email", default=None, read_only=True)
    has_secret = serializers.BooleanField(read_only=True)
    configuration = serializers.SerializerMethodField()
    connected = serializers.SerializerMethodField()

    class Meta:
        model = Credential
        fields = [
            "key",
            "type",
            "has_secret",
            "allowed_origins",
            "available_to_devices",
            "configuration",
            "connected",
            "saved_by",
            "saved_at",
        ]

    @extend_schema_field(PublicConfigurationSerializer(allow_null=True))
    def get_configuration(self, credential: Credential) -> dict[str, Any] | None:
        if credential.configuration is None:
            return None
        return public_fields(credential.configuration)

    def get_connected(self, credential: Credential) -> bool | None:
        """Whether the caller's own consent is at hand; null where it takes none."""
        if not credential.is_of_each_person:
            return None
        return credential.key in self.context["connected"]
