"""Outside providers of identities and tokens, as an organization has registered with them."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_providers.models.reference_keys import REFERENCE_KEY
from auth_providers.models.vault import DataKey
from orgs.models import Organization, Solution, User
from orgs.models.pictures import Picture


class OAuthConfigurationQuerySet(models.QuerySet["OAuthConfiguration"]):
    def of_organization(self, organization: Organization) -> Self:
        """The organization's own, without those that belong to one credential of a solution."""
        return self.filter(organization=organization, solution__isnull=True)


class OAuthConfiguration(models.Model):
    """A client registered with one provider (OpenID Connect Core 1.0, RFC 6749).

    Where the issuer is given, its metadata says the rest; an endpoint given here comes first.
    """

    class Type(models.TextChoices):
        ENTRA = "ENTRA", "Microsoft Entra"
        OKTA = "OKTA", "Okta"
        AUTH0 = "AUTH0", "Auth0"
        OPENID = "OPENID", "OpenID Connect"

    class ClientAuthentication(models.TextChoices):
        """How the token endpoint is told who asks (OpenID Connect Core 9)."""

        BASIC = "client_secret_basic", _("Secret in the header")
        POST = "client_secret_post", _("Secret in the body")
        NONE = "none", _("None: a public client")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="oauth_configurations"
    )
    solution = models.ForeignKey(
        Solution,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Of whose credential this is a part; none for the organization's own.",
    )
    name = models.CharField(max_length=100, help_text="What people see.")
    key = models.CharField(
        max_length=100, validators=[REFERENCE_KEY], help_text="What functions reference."
    )
    type = models.CharField(max_length=6, choices=Type.choices, default=Type.OPENID)
    image = models.ForeignKey(
        Picture, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    login_hint = models.CharField(
        max_length=200,
        blank=True,
        default="",
        help_text="A sentence that helps people choose, such as which account to use.",
    )
    redirect_urls = models.JSONField(default=list, blank=True)
    client_id = models.CharField(max_length=255)
    sealed_secret = models.BinaryField(null=True, help_text="The client secret; null without one.")
    data_key = models.ForeignKey(DataKey, null=True, on_delete=models.RESTRICT, related_name="+")
    client_authentication = models.CharField(
        max_length=19,
        choices=ClientAuthentication.choices,
        default=ClientAuthentication.BASIC,
    )
    issuer = models.CharField(max_length=500, blank=True, default="")
    authorization_endpoint = models.CharField(max_length=500, blank=True, default="")
    token_endpoint = models.CharField(max_length=500, blank=True, default="")
    jwks_uri = models.CharField(max_length=500, blank=True, default="")
    end_session_endpoint = models.CharField(max_length=500, blank=True, default="")
    uses_pkce = models.BooleanField(default=True)
    uses_nonce = models.BooleanField(default=True)
    scopes = models.CharField(
        max_length=1000, default="openid email profile", help_text="Separated by spaces."
    )
    additional_parameters = models.JSONField(
        default=dict, blank=True, help_text="More of the authorization request, by name."
    )
    revision = models.PositiveIntegerField(default=1, help_text="Counts the changes.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)
    secret_saved_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    secret_saved_at = models.DateTimeField(null=True, blank=True)

    objects = OAuthConfigurationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"],
                condition=Q(solution__isnull=True),
                name="oauth_configuration_key_once",
            ),
            models.CheckConstraint(
                condition=Q(sealed_secret__isnull=True, data_key__isnull=True)
                | Q(sealed_secret__isnull=False, data_key__isnull=False),
                name="oauth_configuration_sealed_with_its_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<OAuthConfiguration {self.key}>"

    @property
    def has_secret(self) -> bool:
        return self.data_key_id is not None


class ConfigurationDomain(models.Model):
    """Whose addresses a configuration is for: `example.com`, `*.example.com` or `*`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    configuration = models.ForeignKey(
        OAuthConfiguration, on_delete=models.CASCADE, related_name="domains"
    )
    pattern = models.CharField(
        max_length=255, db_index=True, help_text="Lower case, in ASCII form (RFC 5891 A-labels)."
    )

    class Meta:
        ordering = ["pattern"]
        constraints = [
            models.UniqueConstraint(
                fields=["configuration", "pattern"], name="configuration_domain_once"
            ),
        ]

    def __str__(self) -> str:
        return self.pattern
