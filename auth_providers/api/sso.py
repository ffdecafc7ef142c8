"""Single sign-on from an app: which provider, the way there, and back."""

import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.serializers import DeviceDescriptionSerializer, TokensSerializer
from auth_providers.api.sign_in import NOT_KEPT, answer_tokens
from auth_providers.models import OAuthConfiguration
from auth_providers.services.outside_sign_in import (
    Answer,
    begin_device_sign_in,
    complete_device_sign_in,
    discover_ways,
)
from auth_providers.services.sign_in_transactions import LIFETIME

Type = OAuthConfiguration.Type
Authentication = OAuthConfiguration.ClientAuthentication
TOKEN_LENGTH = 20_000


class DiscoverySerializer(serializers.Serializer[dict[str, Any]]):
    client_id = serializers.CharField(max_length=255)
    email = serializers.EmailField(max_length=254)
    redirect_uri = serializers.CharField(max_length=500)


class WayOrganizationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class WaySerializer(serializers.Serializer[OAuthConfiguration]):
    """A configuration as anybody sees it who may sign in by it."""

    configuration_id = serializers.UUIDField(source="pk")
    title = serializers.CharField(source="name")
    type = serializers.ChoiceField(choices=Type.choices)
    image_url = serializers.SerializerMethodField()
    organization = WayOrganizationSerializer()

    def get_image_url(self, configuration: OAuthConfiguration) -> str | None:
        """Return where anybody can load the picture."""
        image = configuration.image
        if image is None or not image.is_public:
            return None
        return f"{settings.PUBLIC_URL}{reverse('picture', args=[image.pk])}"


class WaysSerializer(serializers.Serializer[dict[str, Any]]):
    options = WaySerializer(many=True)
    password = serializers.BooleanField(help_text="Whether a password is taken too.")


class BeginningSerializer(serializers.Serializer[dict[str, Any]]):
    client_id = serializers.CharField(max_length=255)
    configuration_id = serializers.UUIDField()
    redirect_uri = serializers.CharField(max_length=500)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")
    code_challenge = serializers.CharField(max_length=128, help_text="RFC 7636 4.2.")
    code_challenge_method = serializers.ChoiceField(choices=["S256"])


class ClientSerializer(WaySerializer):
    """What a public client needs to redeem its code by itself; nothing of it is secret."""

    login_hint = serializers.CharField()
    client_id = serializers.CharField()
    issuer = serializers.CharField()
    token_endpoint = serializers.CharField(
        help_text="Blank where the issuer's own metadata says it."
    )
    scopes = serializers.CharField()
    is_public = serializers.SerializerMethodField()

    def get_is_public(self, configuration: OAuthConfiguration) -> bool:
        """Answer whether the app may bring an ID token in place of a code."""
        is_public = configuration.client_authentication == Authentication.NONE
        return is_public and configuration.uses_nonce


class BegunSerializer(serializers.Serializer[dict[str, Any]]):
    transaction_id = serializers.UUIDField()
    authorization_url = serializers.CharField()
    state = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    configuration = ClientSerializer()


class AnswerSerializer(serializers.Serializer[dict[str, Any]]):
    """Either the code, which the server redeems, or the ID token of a public client."""

    state = serializers.CharField(max_length=200)
    code_verifier = serializers.CharField(max_length=128)
    code = serializers.CharField(max_length=TOKEN_LENGTH, required=False)
    id_token = serializers.CharField(max_length=TOKEN_LENGTH, required=False)
    iss = serializers.CharField(
        max_length=500, required=False, help_text="If the provider's answer has one (RFC 9207)."
    )
    device = DeviceDescriptionSerializer(required=False, default=dict)


class DiscoverSignIn(APIView):
    """How an address may sign in; the same answer for known and unknown people."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=DiscoverySerializer, responses=WaysSerializer)
    def post(self, request: Request) -> Response:
        fields = DiscoverySerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        ways = discover_ways(request._request, **fields.validated_data)
        options = [option.configuration for option in ways.options]
        answer = WaysSerializer({"options": options, "password": ways.password})
        return Response(answer.data, headers=NOT_KEPT)


class BeginSignIn(APIView):
    """The way to the provider, for the device's browser.

    Leave the e-mail address out where the person has given none; then the configuration has to be
    open to the app for some address.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=BeginningSerializer, responses=BegunSerializer)
    def post(self, request: Request) -> Response:
        fields = BeginningSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        given = dict(fields.validated_data)
        del given["code_challenge_method"]  # there is but one
        begun = begin_device_sign_in(request._request, now=timezone.now(), **given)
        answer = {
            "transaction_id": begun.transaction.pk,
            "authorization_url": begun.authorization_url,
            "state": begun.state,
            "expires_in": int(LIFETIME.total_seconds()),
            "configuration": begun.transaction.configuration,
        }
        return Response(BegunSerializer(answer).data, headers=NOT_KEPT)


class CompleteSignIn(APIView):
    """Tokens for who comes back from the provider; once a transaction, whatever comes of it.

    403 `access_request_available` has a `request_token`, with which who has no access yet may ask
    for it.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=AnswerSerializer, responses=TokensSerializer)
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        fields = AnswerSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        given = dict(fields.validated_data)
        description = given.pop("device")
        issued = complete_device_sign_in(
            request._request,
            pk,
            answer=Answer(**given),
            description=description,
            now=timezone.now(),
        )
        return answer_tokens(issued)
