"""The calling person's own consent for an outside service: for the app on a device alone."""

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from auth_providers.models import OutsideGrant
from auth_providers.services.sign_in_transactions import LIFETIME
from functions.services.authorizations import (
    begin_authorization,
    complete_authorization,
    end_authorization,
    ready_authorization,
    seconds_left,
    token_for_device,
)
from orgs.api.idempotency import IDEMPOTENCY_KEY, once

NO_STORE = {"Cache-Control": "no-store"}


class NewAuthorizationSerializer(serializers.Serializer[Any]):
    redirect_uri = serializers.CharField(
        max_length=500, help_text="One of the app and of the configuration, exactly."
    )
    code_challenge = serializers.CharField(max_length=100, help_text="S256 (RFC 7636 4.2).")
    code_challenge_method = serializers.ChoiceField(choices=["S256"], default="S256")


class BegunAuthorizationSerializer(serializers.Serializer[Any]):
    transaction_id = serializers.UUIDField()
    authorization_url = serializers.URLField()
    state = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")


class CompletedAuthorizationSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(max_length=200)
    code = serializers.CharField(max_length=10_000)
    code_verifier = serializers.CharField(max_length=200)
    iss = serializers.CharField(
        max_length=500,
        required=False,
        allow_blank=True,
        default="",
        help_text="That came with the code, if any (RFC 9207).",
    )


class AuthorizationSerializer(serializers.Serializer[OutsideGrant]):
    id = serializers.UUIDField()
    credential_key = serializers.CharField()
    state = serializers.CharField()
    scopes = serializers.SerializerMethodField()
    connected_at = serializers.DateTimeField()

    def get_scopes(self, grant: OutsideGrant) -> list[str]:
        return grant.scopes.split()


class WantedTokenSerializer(serializers.Serializer[Any]):
    refused = serializers.CharField(
        max_length=100,
        required=False,
        help_text="The version of the token that the service has just answered 401 to.",
    )
    origin = serializers.CharField(
        max_length=300,
        required=False,
        help_text="For `jigx`: of the service that is called, as https://api.example.com.",
    )


class DeviceTokenSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    token_type = serializers.CharField()
    version = serializers.CharField(
        allow_blank=True, help_text="Names the token, to say that it was refused."
    )


class BeginAuthorization(APIView):
    """The verifier stays on the device; the provider's answer comes back to its redirect URI."""

    @extend_schema(
        request=NewAuthorizationSerializer,
        responses={201: BegunAuthorizationSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        fields = NewAuthorizationSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        redirect_uri = fields.validated_data["redirect_uri"]
        # Before the transaction that the key opens.
        ready_authorization(request.auth, solution_id=pk, key=key, redirect_uri=redirect_uri)
        with once(request, act=f"authorization.begin {pk} {key[:100]}") as claim:
            begun = begin_authorization(
                request.auth,
                solution_id=pk,
                key=key,
                redirect_uri=redirect_uri,
                code_challenge=fields.validated_data["code_challenge"],
                now=timezone.now(),
            )
            claim.subject_id = str(begun.transaction.pk)
        document = {
            "transaction_id": begun.transaction.pk,
            "authorization_url": begun.authorization_url,
            "state": begun.state,
            "expires_in": int(LIFETIME.total_seconds()),
        }
        return Response(BegunAuthorizationSerializer(document).data, status=201, headers=NO_STORE)


class CompleteAuthorization(APIView):
    @extend_schema(
        request=CompletedAuthorizationSerializer, responses={201: AuthorizationSerializer}
    )
    def post(
        self, request: CallerRequest, pk: uuid.UUID, key: str, transaction_id: uuid.UUID
    ) -> Response:
        fields = CompletedAuthorizationSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        grant = complete_authorization(
            request.auth,
            solution_id=pk,
            key=key,
            transaction_id=transaction_id,
            now=timezone.now(),
            **fields.validated_data,
        )
        return Response(AuthorizationSerializer(grant).data, status=201, headers=NO_STORE)


class OwnAuthorization(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        end_authorization(request.auth, solution_id=pk, key=key)
        return Response(status=204)


class DeviceToken(APIView):
    """For functions that run on the device; the refresh token stays at the server.

    The key `jigx` asks for a token of this installation's own, which tells a service who calls.
    """

    @extend_schema(request=WantedTokenSerializer, responses=DeviceTokenSerializer)
    def post(self, request: CallerRequest, pk: uuid.UUID, key: str) -> Response:
        fields = WantedTokenSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        token = token_for_device(
            request.auth, solution_id=pk, key=key, now=timezone.now(), **fields.validated_data
        )
        document = {
            "access_token": token.access_token,
            # By the clock as it is now: renewing may have taken its time.
            "expires_in": seconds_left(token, now=timezone.now()),
            "token_type": "Bearer",
            "version": token.version,
        }
        return Response(DeviceTokenSerializer(document).data, headers=NO_STORE)
