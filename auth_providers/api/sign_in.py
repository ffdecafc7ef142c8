"""Signing a device in and out."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.serializers import SignInSerializer, TokensSerializer
from auth_providers.http import CallerRequest
from auth_providers.services.devices import sign_out
from auth_providers.services.issuing import IssuedTokens
from auth_providers.services.outside_sign_in import end_session_url
from auth_providers.services.sign_in import Credentials, sign_in

NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
END_SESSION = "urn:jigxmgmt:end-session"


class SignIn(APIView):
    """E-mail, password and, where one is set up, the code of an authenticator app."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=SignInSerializer, responses=TokensSerializer)
    def post(self, request: Request) -> Response:
        fields = SignInSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        given = fields.validated_data
        issued = sign_in(
            request._request,
            Credentials(given["email"], given["password"], given["code"]),
            client_id=given["client_id"],
            description=given["device"],
            now=timezone.now(),
        )
        return answer_tokens(issued)


class SignOut(APIView):
    """For the app on a device: its whole token family is dead afterwards.

    Where single sign-on opened it and the provider has a place to sign out too, a `Link` header
    (RFC 8288) of the relation `urn:jigxmgmt:end-session` names it, for the device's browser.
    """

    @extend_schema(request=None, responses={204: None})
    def post(self, request: CallerRequest) -> Response:
        device = request.auth.device
        assert device  # noqa: S101 (for types: no other caller holds the scope)
        sign_out(device, now=timezone.now())
        url = end_session_url(device)
        return Response(
            status=204, headers={"Link": f'<{url}>; rel="{END_SESSION}"'} if url else {}
        )


def answer_tokens(issued: IssuedTokens) -> Response:
    """Answer with a new pair of tokens (RFC 6749 5.1) and the device that they belong to."""
    tokens = {
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "device_id": issued.device.pk,
    }
    return Response(tokens, headers=NOT_KEPT)
