"""An organization's OAuth configurations; a secret goes in and never comes out."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.configuration_serializers import (
    AskedIssuerSerializer,
    ConfigurationSerializer,
    IssuerFindingsSerializer,
    NewConfigurationSerializer,
    OneConfigurationSerializer,
)
from auth_providers.http import CallerRequest
from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_discovery import import_discovery
from auth_providers.services.configuration_fields import (
    ConfigurationFields,
    fields_of,
    read_fields_and_secret,
)
from auth_providers.services.oauth_configurations import (
    organization_configurations,
    remove_configuration,
    save_configuration,
)
from auth_providers.services.scopes import Scope
from auth_providers.services.vault import ready_vault
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.services.organizations import find_own_organization


class OAuthConfigurations(ListAPIView[OAuthConfiguration]):
    request: CallerRequest
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.ORGANIZATION_READ,
        "POST": Scope.ORGANIZATION_WRITE,
    }
    serializer_class = ConfigurationSerializer

    def get_queryset(self) -> QuerySet[OAuthConfiguration]:
        organization = find_own_organization(self.request.user, self.kwargs["pk"])
        return organization_configurations(organization, by=self.request.user)

    @extend_schema(
        request=NewConfigurationSerializer,
        responses={201: OneConfigurationSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        organization = find_own_organization(request.user, pk)
        fields, secret = read_fields_and_secret(request.data)
        if secret:  # before the transaction that the key opens
            ready_vault(organization)
        with once(request, act=f"oauth_configuration.create {organization.pk}") as claim:
            saved = save_configuration(
                organization, fields, secret=secret, by=request.user, now=timezone.now()
            )
            claim.subject_id = str(saved.pk)
        return _answer(saved, status=201)


class OneOAuthConfiguration(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.ORGANIZATION_READ,
        "PATCH": Scope.ORGANIZATION_WRITE,
        "DELETE": Scope.ORGANIZATION_WRITE,
    }

    @extend_schema(responses=OneConfigurationSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, configuration_id: uuid.UUID) -> Response:
        return _answer(_find(request, pk, configuration_id))

    @extend_schema(
        request=NewConfigurationSerializer(partial=True), responses=OneConfigurationSerializer
    )
    def patch(self, request: CallerRequest, pk: uuid.UUID, configuration_id: uuid.UUID) -> Response:
        """Change what is given; where the secret would go elsewhere, it is given again."""
        configuration = _find(request, pk, configuration_id)
        fields, secret = read_fields_and_secret(request.data, current=fields_of(configuration))
        saved = save_configuration(
            configuration.organization,
            fields,
            secret=secret,
            by=request.user,
            now=timezone.now(),
            configuration=configuration,
        )
        return _answer(saved)

    @extend_schema(responses={204: None})
    def delete(
        self, request: CallerRequest, pk: uuid.UUID, configuration_id: uuid.UUID
    ) -> Response:
        """End one that nothing uses; else 409 says what does."""
        remove_configuration(_find(request, pk, configuration_id), by=request.user)
        return Response(status=204)


class DiscoverOAuthConfiguration(APIView):
    """Ask an issuer what it says of itself, and compare; nothing is saved."""

    required_scope = Scope.ORGANIZATION_WRITE

    @extend_schema(request=AskedIssuerSerializer, responses=IssuerFindingsSerializer)
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        organization = find_own_organization(request.user, pk)
        asked = AskedIssuerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        known = asked.validated_data["configuration_id"]
        current = fields_of(_find(request, pk, known)) if known else ConfigurationFields()
        issuer = asked.validated_data["issuer"]
        discovery = import_discovery(organization, issuer, current=current, by=request.user)
        return Response(IssuerFindingsSerializer(discovery).data)


def _find(
    request: CallerRequest, organization_id: uuid.UUID, configuration_id: uuid.UUID
) -> OAuthConfiguration:
    organization = find_own_organization(request.user, organization_id)
    mine = organization_configurations(organization, by=request.user)
    return get_object_or_404(mine, pk=configuration_id)


def _answer(configuration: OAuthConfiguration, *, status: int = 200) -> Response:
    return Response(OneConfigurationSerializer(configuration).data, status=status)
