"""A new password, by a code, from an app."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.registration import ConfirmationSerializer, EmailSerializer
from auth_providers.services.password_reset import ask_password_reset, reset_password


class AskPasswordReset(APIView):
    """Mail a code; the same answer whether the address has an account or not."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=EmailSerializer, responses={202: None})
    def post(self, request: Request) -> Response:
        fields = EmailSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        ask_password_reset(request._request, now=timezone.now(), **fields.validated_data)
        return Response(status=202)


class ResetPassword(APIView):
    """Change the password, and end every session and device of the account."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=ConfirmationSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = ConfirmationSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        reset_password(request._request, now=timezone.now(), **fields.validated_data)
        return Response(status=204)
