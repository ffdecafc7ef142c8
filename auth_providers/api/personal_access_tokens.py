"""The caller's own tokens for scripts."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.serializers import (
    CreatedTokenSerializer,
    NewPersonalAccessTokenSerializer,
    PersonalAccessTokenSerializer,
)
from auth_providers.http import CallerRequest
from auth_providers.models import PersonalAccessToken
from auth_providers.services.personal_access_tokens import (
    create_own_token,
    extend_personal_access_token,
    revoke_personal_access_token,
)
from auth_providers.services.scopes import Scope
from orgs.api.idempotency import IDEMPOTENCY_KEY, once


class MyPersonalAccessTokens(ListAPIView[PersonalAccessToken]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.TOKENS_READ,
        "POST": Scope.TOKENS_WRITE,
    }
    serializer_class = PersonalAccessTokenSerializer

    def get_queryset(self) -> QuerySet[PersonalAccessToken]:
        return _own_tokens(self.request)

    @extend_schema(
        request=NewPersonalAccessTokenSerializer,
        responses={201: CreatedTokenSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest) -> Response:
        """Make a token; its secret is shown in this answer and never again."""
        fields = NewPersonalAccessTokenSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act="personal_access_token.create") as claim:
            created = create_own_token(request.auth, now=timezone.now(), **fields.validated_data)
            claim.subject_id = str(created.token.pk)
        answer = PersonalAccessTokenSerializer(created.token).data | {"secret": created.secret}
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})


class OneOfMyPersonalAccessTokens(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.TOKENS_READ,
        "DELETE": Scope.TOKENS_WRITE,
    }

    @extend_schema(responses=PersonalAccessTokenSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        token = get_object_or_404(_own_tokens(request), pk=pk)
        return Response(PersonalAccessTokenSerializer(token).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        token = get_object_or_404(_own_tokens(request), pk=pk)
        revoke_personal_access_token(token, by=request.user, now=timezone.now())
        return Response(status=204)


class ExtendPersonalAccessToken(APIView):
    """Two weeks more."""

    required_scope = Scope.TOKENS_WRITE

    @extend_schema(request=None, responses=PersonalAccessTokenSerializer)
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        token = get_object_or_404(_own_tokens(request), pk=pk)
        extend_personal_access_token(token, by=request.user, now=timezone.now())
        return Response(PersonalAccessTokenSerializer(token).data)


def _own_tokens(request: CallerRequest) -> QuerySet[PersonalAccessToken]:
    return PersonalAccessToken.objects.live(timezone.now()).filter(user=request.user)
