"""An organization's apps."""

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from auth_providers.models import App
from auth_providers.services.apps import (
    MOST_REDIRECT_URLS,
    NAME_LENGTH,
    apps_of,
    change_app,
    create_app,
    remove_app,
)
from auth_providers.services.scopes import Scope
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.services.organizations import find_own_organization


class NewAppSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    platforms = serializers.ListField(
        child=serializers.ChoiceField(choices=App.Platform.choices),
        required=False,
        default=list,
        max_length=len(App.Platform),
    )
    redirect_urls = serializers.ListField(
        child=serializers.CharField(max_length=500),
        allow_empty=False,
        max_length=MOST_REDIRECT_URLS,
        help_text="Claimed https, a private scheme with a dot in it, or a loopback address.",
    )
    is_first_party = serializers.BooleanField(
        required=False,
        default=False,
        help_text="May show its own sign-in screen and ask for the password.",
    )


class AppSerializer(serializers.Serializer[App]):
    id = serializers.UUIDField()
    client_id = serializers.CharField()
    name = serializers.CharField()
    platforms = serializers.ListField(child=serializers.ChoiceField(choices=App.Platform.choices))
    redirect_urls = serializers.ListField(child=serializers.CharField())
    is_first_party = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class OrganizationApps(ListAPIView[App]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.ORGANIZATION_READ,
        "POST": Scope.ORGANIZATION_WRITE,
    }
    serializer_class = AppSerializer

    def get_queryset(self) -> QuerySet[App]:
        organization = find_own_organization(self.request.user, self.kwargs["pk"])
        return apps_of(organization, by=self.request.user)

    @extend_schema(
        request=NewAppSerializer, responses={201: AppSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        organization = find_own_organization(request.user, pk)
        fields = NewAppSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"app.create {organization.pk}") as claim:
            app = create_app(organization, by=request.user, **fields.validated_data)
            claim.subject_id = str(app.pk)
        return Response(AppSerializer(app).data, status=201)


class OneOrganizationApp(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.ORGANIZATION_READ,
        "PATCH": Scope.ORGANIZATION_WRITE,
        "DELETE": Scope.ORGANIZATION_WRITE,
    }

    @extend_schema(responses=AppSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, app_id: uuid.UUID) -> Response:
        return Response(AppSerializer(_find(request, pk, app_id)).data)

    @extend_schema(request=NewAppSerializer(partial=True), responses=AppSerializer)
    def patch(self, request: CallerRequest, pk: uuid.UUID, app_id: uuid.UUID) -> Response:
        app = _find(request, pk, app_id)
        fields = NewAppSerializer(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        changed = change_app(app, by=request.user, **fields.validated_data)
        return Response(AppSerializer(changed).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID, app_id: uuid.UUID) -> Response:
        app = _find(request, pk, app_id)
        remove_app(app, typed_name=app.name, by=request.user)
        return Response(status=204)


def _find(request: CallerRequest, pk: uuid.UUID, app_id: uuid.UUID) -> App:
    organization = find_own_organization(request.user, pk)
    return get_object_or_404(apps_of(organization, by=request.user), pk=app_id)
