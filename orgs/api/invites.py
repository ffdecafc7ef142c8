"""An organization's invitations, and the door through which the invited come in."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from orgs.api.callers import Caller, require_reach, require_within
from orgs.api.grants import choices_of
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.api.invite_rows import examine_rows, invitation_of, invitations_of
from orgs.api.invite_serializers import (
    AcceptanceSerializer,
    AcceptedSerializer,
    DryRunSerializer,
    ExaminedInvitationSerializer,
    InvitationSerializer,
    InviteFiltersSerializer,
    InviteSerializer,
    ResendSerializer,
)
from orgs.http import UserRequest
from orgs.models import Invite, Membership, Organization, User
from orgs.models.invites import InviteQuerySet, link_digest
from orgs.services.accepting import (
    accept_as_new_person,
    accept_invite,
    find_invite,
)
from orgs.services.bulk_invites import invite_people
from orgs.services.invites import invite_person, invites_of, resend_invite, revoke_invite
from orgs.services.organizations import find_own_organization


class InviteListSerializer(serializers.Serializer[Any]):
    results = InviteSerializer(many=True)


class DryRunAnswerSerializer(serializers.Serializer[Any]):
    results = ExaminedInvitationSerializer(many=True)


INVITATIONS = PolymorphicProxySerializer(
    component_name="OneOrManyInvitations",
    serializers=[InvitationSerializer, InvitationSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)
INVITED = PolymorphicProxySerializer(
    component_name="OneOrManyInvites",
    serializers=[InviteSerializer, InviteListSerializer],
    resource_type_field_name=None,
    many=False,
)


@extend_schema_view(get=extend_schema(parameters=[InviteFiltersSerializer]))
class Invites(ListAPIView[Invite]):
    request: UserRequest
    required_scope: ClassVar[dict[str, str]] = {"GET": "people:read", "POST": "people:write"}
    serializer_class = InviteSerializer

    def get_queryset(self) -> InviteQuerySet:
        filters = InviteFiltersSerializer(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        organization = find_own_organization(self.request.user, self.kwargs["pk"])
        invites = _shown(organization, by=self.request.user)
        if state := filters.validated_data.get("state"):
            invites = invites.in_state(state, timezone.now())
        return invites.matching(filters.validated_data["search"])

    @extend_schema(
        request=INVITATIONS,
        responses={201: INVITED, 200: DryRunAnswerSerializer},
        parameters=[IDEMPOTENCY_KEY, DryRunSerializer],
    )
    def post(self, request: UserRequest, pk: uuid.UUID) -> Response:
        """Invite one person, or a list of at most 1000: all of them or, with a fault, nobody."""
        organization = find_own_organization(request.user, pk)
        query = DryRunSerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        written = request.data if isinstance(request.data, list) else [request.data]
        if query.validated_data["dry_run"]:
            rows = examine_rows(organization, written, by=request.user, now=timezone.now())
            return Response(DryRunAnswerSerializer({"results": rows}).data)
        if isinstance(request.data, list):
            invited = _invite_many(request, organization, written)
            return Response(InviteListSerializer({"results": invited}).data, status=201)
        return Response(InviteSerializer(_invite_one(request, organization)).data, status=201)


class OneInvite(APIView):
    required_scope: ClassVar[dict[str, str]] = {"GET": "people:read", "DELETE": "people:write"}

    @extend_schema(responses=InviteSerializer)
    def get(self, request: UserRequest, pk: uuid.UUID, invite_id: uuid.UUID) -> Response:
        return Response(InviteSerializer(_one_of(request.user, pk, invite_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, pk: uuid.UUID, invite_id: uuid.UUID) -> Response:
        """Revoke it: its link lets nobody in any more."""
        invite = _one_of(request.user, pk, invite_id)
        revoke_invite(invite, by=request.user, now=timezone.now())
        return Response(status=204)


class ResendInvite(APIView):
    """A new mail with a new link, in another language if need be; older links are dead."""

    required_scope = "people:write"

    @extend_schema(
        request=ResendSerializer, responses=InviteSerializer, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: UserRequest, pk: uuid.UUID, invite_id: uuid.UUID) -> Response:
        invite = _one_of(request.user, pk, invite_id)
        fields = ResendSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        with once(request, act=f"invite.resend {invite.pk}") as claim:
            resend_invite(invite, by=request.user, now=timezone.now(), **fields.validated_data)
            claim.subject_id = str(invite.pk)
        return Response(InviteSerializer(_one_of(request.user, pk, invite_id)).data)


class AcceptInvite(APIView):
    """For whoever holds the link's token: it works once, so it needs no idempotency key.

    An address without an account gets one with the password; one that has an account is signed in.
    An organization's own app accepts what is to that organization, and a personal token needs the
    scope organization:write.
    """

    permission_classes = (AllowAny,)

    @extend_schema(request=AcceptanceSerializer, responses={201: AcceptedSerializer})
    def post(self, request: Request) -> Response:
        fields = AcceptanceSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        membership = _accept(request, fields.validated_data)
        return Response(AcceptedSerializer(membership).data, status=201)


def _accept(request: Request, given: dict[str, Any]) -> Membership:
    now = timezone.now()
    invite = find_invite(link_digest(given.pop("token")), now=now)
    if isinstance(request.user, User):
        caller = cast(Caller, request.auth)
        require_reach(caller, "organization:write")
        require_within(caller, invite.organization_id)
        return accept_invite(invite, user=request.user, now=now)
    return accept_as_new_person(invite, now=now, **given)


def _invite_one(request: UserRequest, organization: Organization) -> Invite:
    fields = InvitationSerializer(data=request.data)
    fields.is_valid(raise_exception=True)
    given = fields.validated_data
    with once(request, act=f"invite.create {organization.pk}") as claim:
        invitation = invitation_of(given, choices_of(organization, [given]))
        invite = invite_person(
            organization,
            email=invitation.email,
            first_name=invitation.first_name,
            last_name=invitation.last_name,
            language=invitation.language,
            grants=invitation.grants,
            by=request.user,
            now=timezone.now(),
        )
        claim.subject_id = str(invite.pk)
    return _shown(organization, by=request.user).get(pk=invite.pk)


def _invite_many(
    request: UserRequest, organization: Organization, written: Sequence[Any]
) -> list[Invite]:
    now = timezone.now()
    with once(request, act=f"invite.create {organization.pk}"):
        rows = examine_rows(organization, written, by=request.user, now=now)
        wanted = invitations_of(rows)
        invites = invite_people(organization, wanted, by=request.user, now=now)
    found = _shown(organization, by=request.user).in_bulk([invite.pk for invite in invites])
    return [found[invite.pk] for invite in invites]


def _shown(organization: Organization, *, by: User) -> InviteQuerySet:
    """Return the organization's invitations with all that an answer shows of them."""
    invites = invites_of(organization, by=by).as_of(timezone.now())
    return invites.select_related("invited_by").prefetch_related("solutions__solution", "groups")


def _one_of(user: User, organization_id: uuid.UUID, invite_id: uuid.UUID) -> Invite:
    organization = find_own_organization(user, organization_id)
    invites = _shown(organization, by=user).select_related("organization", "invited_by")
    return get_object_or_404(invites, pk=invite_id)
