"""An organization's apps."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response

from auth_providers.api.serializers import AppSerializer, NewAppSerializer
from auth_providers.http import CallerRequest
from auth_providers.models import App
from auth_providers.services.apps import apps_of, create_app
from auth_providers.services.scopes import Scope
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.services.organizations import find_own_organization


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
