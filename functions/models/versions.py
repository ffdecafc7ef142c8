"""Published versions of a solution, kept whole, and the functions in them."""

import json
import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from orgs.models import Solution, User


class PublishedVersion(models.Model):
    """One upload, as it came. It never changes; the solution names the one that is live."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    solution = models.ForeignKey(Solution, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    archive = models.BinaryField(help_text="The solution's folder as a zip.")
    warnings = models.JSONField(default=list)
    published_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="published_versions"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["solution", "number"], name="version_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.solution} {self.number}"


class FunctionDefinitionQuerySet(models.QuerySet["FunctionDefinition"]):
    def live(self) -> "FunctionDefinitionQuerySet":
        """Functions of the versions that are live now."""
        return self.filter(version__number=models.F("version__solution__version"))


class FunctionDefinition(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(
        PublishedVersion, on_delete=models.CASCADE, related_name="functions"
    )
    name = models.CharField(max_length=50)
    provider = models.CharField(max_length=30)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=400, help_text="The file within the solution.")
    text = models.TextField(help_text="The file, as published.")
    # Text, since a JSON column forgets the order of the keys, and with it that of the query.
    source = models.TextField(help_text="The file, read, as JSON.")
    runs_on_device = models.BooleanField(default=False)

    objects = FunctionDefinitionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["version", "name"], name="function_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def declared_parameters(self) -> dict[str, dict[str, Any]]:
        """Return the parameters by name; one that was declared bare has no keys."""
        declared = json.loads(self.source).get("parameters") or {}
        return {name: parameter or {} for name, parameter in declared.items()}
