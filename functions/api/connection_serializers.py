"""The shapes of connections: what is taken, what is told, and what a test finds."""

from typing import Any

from rest_framework import serializers

from functions.models import Connection
from functions.models.connections import BOUNDS, LONGEST_HOST, LONGEST_NAME, STANDARD_PORT
from functions.services.connection_tests import STAGES, STATUSES
from functions.services.connections import LONGEST_SECRET


def _bounded(name: str, usual: int) -> serializers.IntegerField:
    least, most = BOUNDS[name]
    return serializers.IntegerField(min_value=least, max_value=most, default=usual)


class SqlConnectionOptionsSerializer(serializers.Serializer[Any]):
    application_intent = serializers.ChoiceField(
        choices=Connection.ApplicationIntent.choices,
        default=Connection.ApplicationIntent.READ_WRITE,
    )
    connect_seconds = _bounded("connect_seconds", 15)
    query_seconds = _bounded("query_seconds", 30)
    connect_retries = _bounded("connect_retries", 0)
    retry_seconds = _bounded("retry_seconds", 10)
    multi_subnet_failover = serializers.BooleanField(default=False)


class SqlConnectionSecretSerializer(serializers.Serializer[Any]):
    """The one that goes with the way to sign in; every change asks for it again."""

    password = serializers.CharField(
        max_length=LONGEST_SECRET, trim_whitespace=False, allow_blank=True, required=False
    )
    client_secret = serializers.CharField(
        max_length=LONGEST_SECRET, trim_whitespace=False, allow_blank=True, required=False
    )


class SqlConnectionFieldsSerializer(serializers.Serializer[Any]):
    server = serializers.CharField(
        max_length=LONGEST_HOST, help_text="A host name or an IP address, without a port."
    )
    port = _bounded("port", STANDARD_PORT)
    database = serializers.CharField(max_length=LONGEST_NAME)
    sign_in = serializers.ChoiceField(
        choices=Connection.SignIn.choices, default=Connection.SignIn.PASSWORD
    )
    user_name = serializers.CharField(
        max_length=LONGEST_NAME, help_text="The SQL login, or the application (client) id."
    )
    directory_id = serializers.CharField(
        max_length=LONGEST_HOST,
        allow_blank=True,
        default="",
        help_text="The tenant's id or domain, for a service principal.",
    )
    certificate_host_name = serializers.CharField(
        max_length=LONGEST_HOST,
        allow_blank=True,
        default="",
        help_text="The name in the server's certificate, where it is not the server's.",
    )
    trusts_any_certificate = serializers.BooleanField(default=False)
    options = SqlConnectionOptionsSerializer(source="*", required=False)


class NewSqlConnectionSerializer(SqlConnectionFieldsSerializer):
    secret = SqlConnectionSecretSerializer(required=False)


class SqlConnectionSerializer(SqlConnectionFieldsSerializer):
    """All but the secret."""

    name = serializers.CharField()
    has_secret = serializers.BooleanField()
    saved_by = serializers.EmailField(source="saved_by.email", allow_null=True, default=None)
    saved_at = serializers.DateTimeField()
    tested_at = serializers.DateTimeField(
        allow_null=True, help_text="Null while it was not tested as it is now."
    )
    failed_stage = serializers.CharField(help_text="Blank when the last test passed.")


class CertificateSerializer(serializers.Serializer[Any]):
    subject = serializers.CharField()
    issuer = serializers.CharField()
    names = serializers.ListField(child=serializers.CharField())
    not_before = serializers.DateTimeField()
    not_after = serializers.DateTimeField()
    sha256 = serializers.CharField()


class StageSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(choices=STAGES)
    status = serializers.ChoiceField(choices=STATUSES)
    ms = serializers.IntegerField(allow_null=True)
    detail = serializers.CharField(help_text="In English, from the worker.")
    advice = serializers.CharField(help_text="A stable word for what to do, such as `tls_expired`.")
    certificate = CertificateSerializer(allow_null=True, help_text="Of the stage `tls`.")


class ConnectionTestSerializer(serializers.Serializer[Any]):
    passed = serializers.BooleanField()
    stages = StageSerializer(many=True)
