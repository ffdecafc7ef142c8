"""OAuth configurations as JSON; what fits together the service says, not these."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_faults import warnings_of
from auth_providers.services.configuration_fields import fields_of
from auth_providers.services.configuration_uses import Uses, uses_of
from auth_providers.services.oauth_configurations import proved_patterns


class FieldsSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="What people see.")
    key = serializers.CharField(help_text="What functions reference.")
    type = serializers.ChoiceField(choices=OAuthConfiguration.Type.choices, required=False)
    login_hint = serializers.CharField(required=False, allow_blank=True)
    redirect_urls = serializers.ListField(child=serializers.CharField())
    client_id = serializers.CharField()
    client_authentication = serializers.ChoiceField(
        choices=OAuthConfiguration.ClientAuthentication.choices, required=False
    )
    issuer = serializers.CharField(required=False, allow_blank=True)
    authorization_endpoint = serializers.CharField(required=False, allow_blank=True)
    token_endpoint = serializers.CharField(required=False, allow_blank=True)
    jwks_uri = serializers.CharField(required=False, allow_blank=True)
    end_session_endpoint = serializers.CharField(required=False, allow_blank=True)
    uses_pkce = serializers.BooleanField(required=False)
    uses_nonce = serializers.BooleanField(required=False)
    scopes = serializers.CharField(
        required=False, allow_blank=True, help_text="Separated by spaces."
    )
    additional_parameters = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False
    )


class NewConfigurationSerializer(FieldsSerializer):
    """What is sent: the fields, and the secret."""

    domains = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="The organization's own, `*.example.com`, or `*`.",
    )
    client_secret = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        write_only=True,
        help_text="Left out, the saved one stays; blank takes it away.",
    )


class FaultSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField()
    detail = serializers.CharField()
    code = serializers.CharField()


class ConfigurationSerializer(FieldsSerializer):
    """A configuration as it is saved, without its secret."""

    id = serializers.UUIDField()
    domains = serializers.SerializerMethodField()
    image_url = serializers.SerializerMethodField()
    revision = serializers.IntegerField()
    has_secret = serializers.BooleanField()
    secret_saved_at = serializers.DateTimeField(allow_null=True)
    secret_saved_by = serializers.EmailField(
        source="secret_saved_by.email", allow_null=True, default=None
    )
    created_at = serializers.DateTimeField()
    saved_at = serializers.DateTimeField()
    warnings = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_domains(self, configuration: OAuthConfiguration) -> list[str]:
        return [domain.pattern for domain in configuration.domains.all()]

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_image_url(self, configuration: OAuthConfiguration) -> str | None:
        if configuration.image_id is None:
            return None
        return f"{settings.PUBLIC_URL}{reverse('picture', args=[configuration.image_id])}"

    @extend_schema_field(FaultSerializer(many=True))
    def get_warnings(self, configuration: OAuthConfiguration) -> Any:
        """Say what is allowed and better not so."""
        return FaultSerializer(warnings_of(fields_of(configuration)), many=True).data


class CredentialUseSerializer(serializers.Serializer[Any]):
    solution_id = serializers.UUIDField()
    solution = serializers.CharField()
    key = serializers.CharField()


class UsesSerializer(serializers.Serializer[Uses]):
    in_single_sign_on = serializers.BooleanField()
    credentials = CredentialUseSerializer(many=True)
    connections = serializers.IntegerField()


class OneConfigurationSerializer(ConfigurationSerializer):
    """With what takes a look of its own."""

    proved_domains = serializers.SerializerMethodField()
    used_by = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_proved_domains(self, configuration: OAuthConfiguration) -> list[str]:
        patterns = self.get_domains(configuration)
        return sorted(proved_patterns(configuration.organization, patterns))

    @extend_schema_field(UsesSerializer)
    def get_used_by(self, configuration: OAuthConfiguration) -> Any:
        return UsesSerializer(uses_of(configuration)).data


class AskedIssuerSerializer(serializers.Serializer[Any]):
    """The issuer to ask; a configuration to compare with, else a fresh one."""

    issuer = serializers.CharField(max_length=500)
    configuration_id = serializers.UUIDField(required=False, allow_null=True, default=None)


class DifferenceSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    to = serializers.JSONField(source="after")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the one whose name is a word of Python."""
        return super().get_fields() | {"from": serializers.JSONField(source="before")}


class IssuerFindingsSerializer(serializers.Serializer[Any]):
    """What the provider says, as fields that can be saved; nothing is saved."""

    found = serializers.DictField(help_text="The fields that differ, by name.")
    differences = DifferenceSerializer(many=True)
