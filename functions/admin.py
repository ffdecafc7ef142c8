"""For the operators: what is published and what was called; never a secret, never a value."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from functions.models import (
    CallRecord,
    Connection,
    Credential,
    CredentialStamp,
    FunctionDefinition,
    PublishedVersion,
)
from orgs.admin import ReadOnly


@admin.register(PublishedVersion)
class PublishedVersionAdmin(ReadOnly):
    hidden = ("archive",)
    list_display = ("solution", "number", "published_by", "created_at")
    list_select_related = ("solution", "published_by")
    search_fields = ("solution__name", "solution__title")


@admin.register(FunctionDefinition)
class FunctionDefinitionAdmin(ReadOnly):
    list_display = ("name", "version", "provider", "method", "runs_on_device")
    list_filter = ("provider", "runs_on_device")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FunctionDefinition]:
        """Read the version with each, but not its archive, of which one has 20 MB."""
        whole = super().get_queryset(request).select_related("version__solution")
        return whole.defer("text", "source", "version__archive")


@admin.register(Credential)
class CredentialAdmin(ReadOnly):
    hidden = ("sealed",)
    list_display = ("key", "solution", "type", "available_to_devices", "saved_by", "saved_at")
    list_filter = ("type", "available_to_devices")
    list_select_related = ("solution", "saved_by")


@admin.register(Connection)
class ConnectionAdmin(ReadOnly):
    hidden = ("sealed",)
    list_display = ("name", "solution", "server", "database", "saved_by", "saved_at", "tested_at")
    list_filter = ("sign_in", "trusts_any_certificate")
    list_select_related = ("solution", "saved_by")


@admin.register(CredentialStamp)
class CredentialStampAdmin(ReadOnly):
    list_display = ("solution", "number")
    list_select_related = ("solution",)


@admin.register(CallRecord)
class CallRecordAdmin(ReadOnly):
    list_display = ("id", "function_name", "organization", "source", "status", "started_at")
    list_filter = ("status", "source")
    list_select_related = ("organization",)
    search_fields = ("id", "function_name")
