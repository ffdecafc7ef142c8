"""For operators: apps, devices and tokens, of which no secret, code or digest is ever shown."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import AccessToken, DeviceGrant, Grant, IDToken, RefreshToken

from auth_providers.models import (
    App,
    ConfigurationDomain,
    DataKey,
    Device,
    EmailCode,
    InstallationKey,
    LinkedIdentity,
    OAuthConfiguration,
    OutsideGrant,
    PersonalAccessToken,
    RefreshRepeat,
    ScimGroup,
    ScimToken,
    ScimUser,
    SignInTransaction,
    SingleSignOn,
    TestSignIn,
)
from auth_providers.services.devices import revoke_device
from auth_providers.services.personal_access_tokens import revoke_personal_access_token
from orgs.admin import ReadOnly
from orgs.models import User

# The libraries' own pages show more, and change rows behind our services.
admin.site.unregister(
    [AccessToken, App, Authenticator, EmailAddress, Grant, IDToken, RefreshToken, UserSession]
)


class OperatorRequest(HttpRequest):
    user: User


class Revocable(ReadOnly):
    """Adds the right that the action *Revoke* asks for: that of changing such rows."""

    actions = ("revoke",)

    def has_revoke_permission(self, request: OperatorRequest) -> bool:
        return request.user.has_perm(f"auth_providers.change_{self.opts.model_name}")


@admin.register(App)
class AppAdmin(ReadOnly):
    hidden = ("client_secret", "hash_client_secret")
    list_display = ("name", "client_id", "organization", "is_first_party", "created_at")
    list_filter = ("is_first_party",)
    list_select_related = ("organization",)
    search_fields = ("name", "client_id", "organization__name")


@admin.register(Device)
class DeviceAdmin(Revocable):
    hidden = ("code_checksum",)
    list_display = ("__str__", "user", "app", "platform", "last_seen_at", "revoked_at")
    list_filter = ("platform",)
    list_select_related = ("user", "app")
    search_fields = ("name", "user__email", "app__name")

    @admin.action(description="Revoke the selected devices", permissions=["revoke"])
    def revoke(self, request: OperatorRequest, queryset: QuerySet[Device]) -> None:
        now = timezone.now()
        for device in queryset.live(now):  # type: ignore[attr-defined]
            revoke_device(device, by=request.user, now=now)


@admin.register(PersonalAccessToken)
class PersonalAccessTokenAdmin(Revocable):
    hidden = ("digest",)
    list_display = ("name", "prefix", "user", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__email")

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: OperatorRequest, queryset: QuerySet[PersonalAccessToken]) -> None:
        for token in queryset:
            revoke_personal_access_token(token, by=request.user, now=timezone.now())


@admin.register(RefreshRepeat)
class RefreshRepeatAdmin(ReadOnly):
    hidden = ("key_digest",)
    list_display = ("device", "created_at")
    list_select_related = ("device",)


@admin.register(EmailCode)
class EmailCodeAdmin(ReadOnly):
    hidden = ("code_digest",)
    list_display = ("email", "purpose", "tries", "created_at", "expires_at", "used_at")
    list_filter = ("purpose",)
    search_fields = ("email",)


@admin.register(LinkedIdentity)
class LinkedIdentityAdmin(ReadOnly):
    list_display = ("user", "issuer", "subject", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "issuer", "subject")


@admin.register(DataKey)
class DataKeyAdmin(ReadOnly):
    hidden = ("wrapped",)
    list_display = ("organization", "number", "wrapped_by", "created_at")
    list_select_related = ("organization",)


@admin.register(InstallationKey)
class InstallationKeyAdmin(ReadOnly):
    hidden = ("wrapped",)
    list_display = ("number", "wrapped_by", "created_at")


@admin.register(OAuthConfiguration)
class OAuthConfigurationAdmin(ReadOnly):
    hidden = ("sealed_secret", "additional_parameters")
    list_display = ("name", "key", "type", "organization", "issuer", "saved_at")
    list_filter = ("type",)
    list_select_related = ("organization",)
    search_fields = ("name", "key", "organization__name", "issuer", "client_id")


@admin.register(ConfigurationDomain)
class ConfigurationDomainAdmin(ReadOnly):
    list_display = ("pattern", "configuration")
    list_select_related = ("configuration",)
    search_fields = ("pattern",)


@admin.register(SingleSignOn)
class SingleSignOnAdmin(ReadOnly):
    list_display = ("organization", "is_enabled", "is_required", "creates_members", "saved_at")
    list_select_related = ("organization",)


@admin.register(TestSignIn)
class TestSignInAdmin(ReadOnly):
    hidden = ("claims",)
    list_display = ("configuration", "user", "refusal", "tested_at")
    list_select_related = ("configuration", "user")


@admin.register(SignInTransaction)
class SignInTransactionAdmin(ReadOnly):
    hidden = ("state_digest", "nonce_digest", "code_challenge")
    list_display = ("pk", "purpose", "configuration", "created_at", "completed_at")
    list_filter = ("purpose",)
    list_select_related = ("configuration",)


@admin.register(OutsideGrant)
class OutsideGrantAdmin(ReadOnly):
    hidden = ("sealed_access_token", "sealed_refresh_token")
    list_display = ("user", "configuration", "solution", "credential_key", "state", "connected_at")
    list_filter = ("state",)
    list_select_related = ("user", "configuration", "solution")


@admin.register(ScimToken)
class ScimTokenAdmin(ReadOnly):
    hidden = ("digest",)
    list_display = ("organization", "prefix", "created_by", "created_at", "last_used_at")
    list_select_related = ("organization", "created_by")


@admin.register(ScimUser)
class ScimUserAdmin(ReadOnly):
    hidden = ("attributes",)
    list_display = ("user_name", "organization", "is_active", "finding", "modified_at")
    list_filter = ("finding",)
    list_select_related = ("organization",)
    search_fields = ("user_name", "organization__name")


@admin.register(ScimGroup)
class ScimGroupAdmin(ReadOnly):
    hidden = ("attributes",)
    list_display = ("display_name", "organization", "modified_at")
    list_select_related = ("organization",)
    search_fields = ("display_name", "organization__name")


@admin.register(AccessToken, RefreshToken)
class TokenAdmin(ReadOnly):
    hidden = ("token", "token_checksum")
    list_display = ("pk", "user", "application", "created")
    list_select_related = ("user", "application")
    search_fields = ("user__email", "application__name")


@admin.register(Grant)
class GrantAdmin(ReadOnly):
    hidden = ("code", "code_challenge", "nonce", "claims")
    list_display = ("pk", "user", "application", "expires")
    list_select_related = ("user", "application")


@admin.register(IDToken)
class IDTokenAdmin(ReadOnly):
    hidden = ("jti",)
    list_display = ("pk", "user", "application", "expires")
    list_select_related = ("user", "application")


@admin.register(DeviceGrant)
class DeviceGrantAdmin(ReadOnly):
    hidden = ("device_code", "user_code")
    list_display = ("pk", "user", "client_id", "expires")
    list_select_related = ("user",)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnly):
    list_display = ("email", "user", "verified", "primary")
    list_filter = ("verified",)
    list_select_related = ("user",)
    search_fields = ("email", "user__email")


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly):
    hidden = ("data",)
    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)


@admin.register(UserSession)
class UserSessionAdmin(ReadOnly):
    hidden = ("session_key", "data")
    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    list_select_related = ("user",)
    search_fields = ("user__email", "ip")
