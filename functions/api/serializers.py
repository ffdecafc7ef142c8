"""The shapes of what comes in and what goes out."""

import json
from typing import Any

from rest_framework import serializers

from functions.engine import check_definition
from functions.models import CallRecord, FunctionDefinition, PublishedVersion
from orgs.models import Solution
from orgs.services.solutions import NAME_LENGTH, TITLE_LENGTH


class SolutionSerializer(serializers.ModelSerializer[Solution]):
    organization_id = serializers.UUIDField(read_only=True)
    custom_settings = serializers.DictField(read_only=True)
    roles = serializers.SerializerMethodField()

    class Meta:
        model = Solution
        fields = [
            "id",
            "organization_id",
            "name",
            "title",
            "version",
            "custom_settings",
            "roles",
            "created_at",
        ]

    def get_roles(self, solution: Solution) -> list[str]:
        """The caller's own role in the solution, if any."""
        return [member.role.lower() for member in getattr(solution, "own_roles", [])]


class NewSolutionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    title = serializers.CharField(max_length=TITLE_LENGTH)


class ChangedSolutionSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=TITLE_LENGTH, required=False)
    custom_settings = serializers.DictField(
        required=False, help_text="What expressions read as @ctx.solution.settings.custom."
    )


class CopySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    title = serializers.CharField(
        max_length=TITLE_LENGTH,
        required=False,
        help_text="Without it, that of the original with “(copy)”.",
    )


class VersionSerializer(serializers.ModelSerializer[PublishedVersion]):
    version = serializers.IntegerField(source="number", read_only=True)
    published_by = serializers.EmailField(source="published_by.email", default=None, read_only=True)

    class Meta:
        model = PublishedVersion
        fields = ["version", "warnings", "published_by", "created_at"]


class PublishedSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    functions = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.DictField())


class FunctionSerializer(serializers.ModelSerializer[FunctionDefinition]):
    runs_on = serializers.SerializerMethodField()
    parameters = serializers.SerializerMethodField()

    class Meta:
        model = FunctionDefinition
        fields = ["name", "provider", "method", "runs_on", "parameters"]

    def get_runs_on(self, function: FunctionDefinition) -> str:
        return "device" if function.runs_on_device else "server"

    def get_parameters(self, function: FunctionDefinition) -> list[dict[str, Any]]:
        """Name, location, type, required; never a default, which may name a credential."""
        definition = check_definition(json.loads(function.source), name=function.name).definition
        return [
            {
                "name": parameter.name,
                "location": parameter.location,
                "type": parameter.type,
                "required": parameter.is_required,
            }
            for parameter in (definition.parameters.values() if definition else ())
        ]


class CallFilterSerializer(serializers.Serializer[Any]):
    """Which calls to list; all of them without."""

    solution = serializers.UUIDField(required=False)
    function_name = serializers.CharField(max_length=50, required=False)
    status = serializers.ChoiceField(
        choices=[status.lower() for status in CallRecord.Status.values], required=False
    )

    def validate_status(self, status: str) -> str:
        return status.upper()


class CallRecordSerializer(serializers.ModelSerializer[CallRecord]):
    correlation_id = serializers.UUIDField(source="id", read_only=True)
    user = serializers.EmailField(source="user.email", default=None, read_only=True)
    source = serializers.SerializerMethodField()  # type: ignore[assignment]
    status = serializers.SerializerMethodField()

    class Meta:
        model = CallRecord
        fields = [
            "correlation_id",
            "solution_id",
            "function_name",
            "version",
            "user",
            "device_id",
            "source",
            "status",
            "error_name",
            "upstream_status",
            "pages",
            "request_bytes",
            "response_bytes",
            "total_ms",
            "queue_ms",
            "upstream_ms",
            "transform_ms",
            "warnings",
            "echoed_secret",
            "started_at",
        ]

    def get_source(self, record: CallRecord) -> str:
        return record.source.lower()

    def get_status(self, record: CallRecord) -> str:
        return record.status.lower()
