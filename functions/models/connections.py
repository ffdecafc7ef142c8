"""How a solution's SQL functions reach a SQL Server; the secret is sealed, and written only."""

import uuid
from collections.abc import Mapping
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from auth_providers.models import DataKey
from auth_providers.models.reference_keys import REFERENCE_KEY
from orgs.models import Solution, User

# By their values: a class that is still being made does not know its own choices.
PASSWORD, SERVICE_PRINCIPAL = "password", "service_principal"
STANDARD_PORT = 1433
LONGEST_HOST = 253
# What SQL Server calls an identifier, and the longest name of a login.
LONGEST_NAME = 128
BOUNDS: Mapping[str, tuple[int, int]] = {
    "port": (1, 65535),
    "connect_seconds": (1, 30),
    "query_seconds": (1, 300),
    "connect_retries": (0, 10),
    "retry_seconds": (1, 60),
}


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def with_secret(self) -> Self:
        """Those that calls can use."""
        return self.filter(data_key__isnull=False)


class Connection(models.Model):
    """A SQL Server that functions name; without a secret, a place that waits for one."""

    class SignIn(models.TextChoices):
        PASSWORD = "password", _("SQL login and password")
        SERVICE_PRINCIPAL = "service_principal", _("Microsoft Entra application")

    class ApplicationIntent(models.TextChoices):
        READ_WRITE = "read_write", _("Read and write")
        READ_ONLY = "read_only", _("Read only")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="connections")
    name = models.CharField(max_length=100, validators=[REFERENCE_KEY])
    server = models.CharField(max_length=LONGEST_HOST, help_text="A host name or an IP address.")
    port = models.PositiveIntegerField(default=STANDARD_PORT)
    database = models.CharField(max_length=LONGEST_NAME)
    sign_in = models.CharField(max_length=20, choices=SignIn.choices, default=PASSWORD)
    user_name = models.CharField(
        max_length=LONGEST_NAME, help_text="The SQL login, or the client id of the application."
    )
    directory_id = models.CharField(
        max_length=LONGEST_HOST, blank=True, help_text="The tenant of Microsoft Entra."
    )
    sealed = models.BinaryField(null=True, help_text="Null while there is no secret yet.")
    data_key = models.ForeignKey(DataKey, null=True, on_delete=models.RESTRICT, related_name="+")
    certificate_host_name = models.CharField(
        max_length=LONGEST_HOST, blank=True, help_text="Blank: the certificate names the server."
    )
    trusts_any_certificate = models.BooleanField(default=False)
    application_intent = models.CharField(
        max_length=20, choices=ApplicationIntent.choices, default="read_write"
    )
    connect_seconds = models.PositiveIntegerField(default=15)
    query_seconds = models.PositiveIntegerField(default=30)
    connect_retries = models.PositiveIntegerField(default=0)
    retry_seconds = models.PositiveIntegerField(default=10)
    multi_subnet_failover = models.BooleanField(default=False)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)
    tested_at = models.DateTimeField(null=True, help_text="Null: not tested as it is now.")
    failed_stage = models.CharField(
        max_length=20, blank=True, help_text="Blank: the last test passed."
    )

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["solution", "name"], name="connection_name_once"),
            models.CheckConstraint(
                condition=models.Q(sealed__isnull=True, data_key__isnull=True)
                | models.Q(sealed__isnull=False, data_key__isnull=False),
                name="connection_sealed_with_its_key",
            ),
            models.CheckConstraint(
                condition=models.Q(sign_in=PASSWORD, directory_id="")
                | models.Q(sign_in=SERVICE_PRINCIPAL, directory_id__gt=""),
                name="connection_directory_as_its_sign_in",
            ),
            models.CheckConstraint(
                condition=models.Q(**{f"{name}__range": bounds for name, bounds in BOUNDS.items()}),
                name="connection_within_bounds",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Connection {self.name}>"

    @property
    def has_secret(self) -> bool:
        """Whether calls can use it."""
        return self.data_key_id is not None

    @property
    def has_passed(self) -> bool:
        """Whether it was tested as it is now, and every stage went well."""
        return self.tested_at is not None and not self.failed_stage

    def note_test(self, *, failed_stage: str) -> None:
        """Keep how a test ended, unless the connection was saved anew meanwhile."""
        same = Connection.objects.filter(pk=self.pk, saved_at=self.saved_at)
        same.update(tested_at=timezone.now(), failed_stage=failed_stage)
