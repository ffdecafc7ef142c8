"""A solution's secrets: sealed, and written only."""

import uuid
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_providers.models import DataKey, OAuthConfiguration
from auth_providers.models.reference_keys import REFERENCE_KEY
from orgs.models import Solution, User

# By their values: a class that is still being made does not know its own choices.
OF_SOLUTION = ("api_key", "secret", "basic_auth")
OF_EACH_PERSON = ("oauth", "oauth_alias")


class CredentialQuerySet(models.QuerySet["Credential"]):
    def with_secret(self) -> Self:
        """Those that calls can use, once their person is connected where it takes one."""
        public = models.Q(
            configuration__client_authentication=OAuthConfiguration.ClientAuthentication.NONE
        )
        has_client = models.Q(configuration__data_key__isnull=False) | public
        return self.filter(models.Q(data_key__isnull=False) | has_client)


class Credential(models.Model):
    """What a function sends to a service; without a secret, a place that waits for one."""

    class Type(models.TextChoices):
        API_KEY = "api_key", _("API key")
        SECRET = "secret", _("Secret")
        BASIC_AUTH = "basic_auth", _("User name and password")
        OAUTH = "oauth", _("OAuth")
        OAUTH_ALIAS = "oauth_alias", _("OAuth configuration of the organization")

    OF_EACH_PERSON = (Type.OAUTH, Type.OAUTH_ALIAS)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="credentials")
    key = models.CharField(max_length=100, validators=[REFERENCE_KEY])
    type = models.CharField(max_length=20, choices=Type.choices)
    sealed = models.BinaryField(null=True, help_text="Null while there is no secret yet.")
    data_key = models.ForeignKey(DataKey, null=True, on_delete=models.RESTRICT, related_name="+")
    configuration = models.ForeignKey(
        OAuthConfiguration,
        null=True,
        on_delete=models.RESTRICT,
        related_name="credentials",
        help_text="Where each person's own token comes from, for the OAuth types.",
    )
    allowed_origins = models.JSONField(default=list)
    available_to_devices = models.BooleanField(default=False)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(fields=["solution", "key"], name="credential_key_once"),
            models.CheckConstraint(
                condition=models.Q(sealed__isnull=True, data_key__isnull=True)
                | models.Q(sealed__isnull=False, data_key__isnull=False),
                name="credential_sealed_with_its_key",
            ),
            models.CheckConstraint(
                condition=models.Q(type__in=OF_SOLUTION, configuration__isnull=True)
                | models.Q(
                    type__in=OF_EACH_PERSON, configuration__isnull=False, sealed__isnull=True
                ),
                name="credential_configured_as_its_type",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    def __repr__(self) -> str:
        return f"<Credential {self.key}>"

    @property
    def is_of_each_person(self) -> bool:
        """Whether calls send the caller's own token, not a secret of the solution."""
        return self.type in OF_EACH_PERSON

    @property
    def has_secret(self) -> bool:
        """Whether calls can use it: a public client of a provider has no secret to wait for."""
        if self.configuration is None:
            return self.data_key_id is not None
        public = OAuthConfiguration.ClientAuthentication.NONE
        is_public = self.configuration.client_authentication == public
        return is_public or self.configuration.has_secret


class CredentialStamp(models.Model):
    """Counts the changes to a solution's credentials.

    It travels with each call, so that a worker's cache can't outlive a revocation.
    """

    solution = models.OneToOneField(
        Solution, primary_key=True, on_delete=models.CASCADE, related_name="credential_stamp"
    )
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.solution} {self.number}"

    @classmethod
    def advance(cls, solution: Solution) -> None:
        """Make every cached credential of the solution stale."""
        cls.objects.get_or_create(solution=solution)
        cls.objects.filter(solution=solution).update(number=models.F("number") + 1)
