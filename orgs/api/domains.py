"""The domains of an organization, and their proof."""

import uuid
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.http import UserRequest
from orgs.models import Domain
from orgs.services.domain_proofs import check_domain
from orgs.services.domains import domains_of, name_domain, remove_domain, set_join_policy
from orgs.services.organizations import find_own_organization


class NewDomainSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=254)
    join_policy = serializers.ChoiceField(
        choices=Domain.JoinPolicy.choices, required=False, default=Domain.JoinPolicy.REQUEST
    )


class JoinPolicySerializer(serializers.Serializer[dict[str, Any]]):
    join_policy = serializers.ChoiceField(choices=Domain.JoinPolicy.choices)


class ProofSerializer(serializers.Serializer[Domain]):
    """The record that belongs into the DNS; nothing of it is a secret."""

    type = serializers.CharField(default="TXT")
    name = serializers.CharField(source="proof_name")
    value = serializers.CharField(source="proof_value")


class DomainSerializer(serializers.Serializer[Domain]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    join_policy = serializers.ChoiceField(choices=Domain.JoinPolicy.choices)
    is_proved = serializers.BooleanField()
    proved_at = serializers.DateTimeField(allow_null=True)
    proved_by = serializers.ChoiceField(choices=Domain.ProvedBy.choices, allow_blank=True)
    proof = ProofSerializer(source="*")
    checked_at = serializers.DateTimeField(allow_null=True)
    finding = serializers.CharField()
    created_at = serializers.DateTimeField()


class Domains(ListAPIView[Domain]):
    request: UserRequest
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "organization:read",
        "POST": "organization:write",
    }
    serializer_class = DomainSerializer

    def get_queryset(self) -> QuerySet[Domain]:
        return _domains(self.request, self.kwargs["pk"])

    @extend_schema(
        request=NewDomainSerializer, responses={201: DomainSerializer}, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: UserRequest, pk: uuid.UUID) -> Response:
        """Name a domain; the answer says which record proves it."""
        organization = find_own_organization(request.user, pk)
        fields = NewDomainSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"domain.name {organization.pk}") as claim:
            domain = name_domain(
                organization, by=request.user, now=timezone.now(), **fields.validated_data
            )
            claim.subject_id = str(domain.pk)
        return Response(DomainSerializer(domain).data, status=201)


class OneDomain(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": "organization:read",
        "PATCH": "organization:write",
        "DELETE": "organization:write",
    }

    @extend_schema(responses=DomainSerializer)
    def get(self, request: UserRequest, pk: uuid.UUID, domain_id: uuid.UUID) -> Response:
        return Response(DomainSerializer(_domain(request, pk, domain_id)).data)

    @extend_schema(request=JoinPolicySerializer, responses=DomainSerializer)
    def patch(self, request: UserRequest, pk: uuid.UUID, domain_id: uuid.UUID) -> Response:
        domain = _domain(request, pk, domain_id)
        fields = JoinPolicySerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        policy = Domain.JoinPolicy(fields.validated_data["join_policy"])
        domain = set_join_policy(domain, policy=policy, by=request.user)
        return Response(DomainSerializer(domain).data)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, pk: uuid.UUID, domain_id: uuid.UUID) -> Response:
        remove_domain(_domain(request, pk, domain_id), by=request.user)
        return Response(status=204)


class VerifyDomain(APIView):
    """Look for the record in the DNS now; what was found is in the answer."""

    required_scope = "organization:write"

    @extend_schema(request=None, responses=DomainSerializer)
    def post(self, request: UserRequest, pk: uuid.UUID, domain_id: uuid.UUID) -> Response:
        domain = _domain(request, pk, domain_id)
        checked = check_domain(domain, by=request.user, now=timezone.now())
        return Response(DomainSerializer(checked).data)


def _domains(request: UserRequest, organization_id: uuid.UUID) -> QuerySet[Domain]:
    organization = find_own_organization(request.user, organization_id)
    return domains_of(organization, by=request.user).select_related("organization")


def _domain(request: UserRequest, organization_id: uuid.UUID, domain_id: uuid.UUID) -> Domain:
    return get_object_or_404(_domains(request, organization_id), pk=domain_id)
