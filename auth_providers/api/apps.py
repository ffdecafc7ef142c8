"""An organization's apps."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response

from auth_providers.api.serializers import AppSerializer, NewAppSerializer
from auth_providers.http import CallerRequest
from auth_providers.models import App
from auth_providers.services.apps import apps_of, create_app
from auth_providers.services.scopes import Scope
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.models import Organization


class OrganizationApps(ListAPIView[App]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.ORGANIZATION_READ,
        "POST": Scope.ORGANIZATION_WRITE,
    }
    serializer_class = AppSerializer

    def get_queryset(self) -> QuerySet[App]:
        return apps_of(self._organization(self.kwargs["pk"]), by=self.request.user)

    @extend_schema(
        request=NewAppSerializer, responses={201: AppSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        organization = self._organization(pk)
        fields = NewAppSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"app.create {organization.pk}") as claim:
            app = create_app(organization, by=request.user, **fields.validated_data)
            claim.subject_id = str(app.pk)
        return Response(AppSerializer(app).data, status=201)

    def _organization(self, pk: uuid.UUID) -> Organization:
        own = self.request.user.memberships.active()
        return get_object_or_404(Organization, pk=pk, memberships__in=own)
