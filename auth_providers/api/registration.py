"""Making an account from an app."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.joining import JoinableSerializer
from auth_providers.services.registration import (
    begin_registration,
    confirm_registration,
    resend_registration_code,
)
from orgs.services.joining import joinable_organizations


class EmailSerializer(serializers.Serializer[dict[str, Any]]):
    email = serializers.EmailField(max_length=254)


class RegistrationSerializer(EmailSerializer):
    first_name = serializers.CharField(max_length=100)
    last_name = serializers.CharField(max_length=100)
    client_id = serializers.CharField(max_length=255, required=False)


class ConfirmationSerializer(EmailSerializer):
    first_name = serializers.CharField(max_length=100, required=False)
    last_name = serializers.CharField(max_length=100, required=False)
    code = serializers.CharField(max_length=20)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class RegisteredSerializer(serializers.Serializer[dict[str, Any]]):
    user_id = serializers.UUIDField()
    organizations = JoinableSerializer(many=True)


class Register(APIView):
    """Mail a code to the address; the same answer whether it has an account or not."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=RegistrationSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        fields = RegistrationSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        begin_registration(request._request, now=timezone.now(), **fields.validated_data)
        return Response(status=202)


class ResendRegistrationCode(APIView):
    """Mail another code; the one before it is good no more."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=EmailSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        fields = EmailSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        resend_registration_code(request._request, now=timezone.now(), **fields.validated_data)
        return Response(status=202)


class ConfirmRegistration(APIView):
    """Make the account; says which organizations the address may join or ask to join.

    Send the names again: without them those of whoever asked for the code last are taken, and
    anybody may ask.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=ConfirmationSerializer, responses={201: RegisteredSerializer})
    def post(self, request: Request) -> Response:
        fields = ConfirmationSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        user = confirm_registration(request._request, now=timezone.now(), **fields.validated_data)
        offered = joinable_organizations(user)
        answer = RegisteredSerializer({"user_id": user.pk, "organizations": offered})
        return Response(answer.data, status=201)
