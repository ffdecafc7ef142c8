"""Requests to join: asking, reading where one stands, withdrawing it, deciding it."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import Caller, CallerRequest
from auth_providers.models import Device
from auth_providers.models.devices import describe_device
from auth_providers.services.admission import admit_requester, retract_decision
from auth_providers.services.scopes import Scope
from orgs.api.callers import require_reach
from orgs.api.grants import GrantsSerializer, grants_of
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.models import JoinRequest, User
from orgs.services.access_offers import find_offered_request, request_by_offer
from orgs.services.join_requests import (
    deny_join_request,
    join_requests_of,
    request_to_join,
    withdraw_join_request,
    withdraw_own_requests,
)
from orgs.services.joining import offered_organization
from orgs.services.organizations import NoSuchOrganization, find_own_organization

MESSAGE_LENGTH = 500
DEVICE_LENGTH = 200


class NewJoinRequestSerializer(serializers.Serializer[dict[str, Any]]):
    """The token is for somebody without an account, in place of a bearer token."""

    request_token = serializers.CharField(max_length=200, required=False)
    message = serializers.CharField(
        max_length=MESSAGE_LENGTH, required=False, allow_blank=True, default=""
    )


class DenialSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField(
        max_length=MESSAGE_LENGTH,
        required=False,
        allow_blank=True,
        default="",
        help_text="The person reads it.",
    )


class RequestedOrganizationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class OwnJoinRequestSerializer(serializers.Serializer[JoinRequest]):
    """A request as whoever asked sees it."""

    id = serializers.UUIDField()
    organization = RequestedOrganizationSerializer()
    status = serializers.ChoiceField(choices=JoinRequest.Status.choices)
    message = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class JoinRequestSerializer(serializers.Serializer[JoinRequest]):
    """A request as those see it who decide."""

    id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True, help_text="null before there is an account.")
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=JoinRequest.Source.choices
    )
    device = serializers.CharField()
    message = serializers.CharField()
    status = serializers.ChoiceField(choices=JoinRequest.Status.choices)
    reason = serializers.CharField()
    decided_by = serializers.EmailField(source="decided_by.email", allow_null=True, default=None)
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class JoinRequestFiltersSerializer(serializers.Serializer[dict[str, Any]]):
    status = serializers.ChoiceField(choices=JoinRequest.Status.choices, required=False)


@extend_schema_view(get=extend_schema(parameters=[JoinRequestFiltersSerializer]))
class OrganizationJoinRequests(ListAPIView[JoinRequest]):
    """The queue, for those who decide; and its entry, for those who ask.

    To ask takes the app on a device, or a personal token with the scope organization:write.
    """

    request: CallerRequest
    required_scope: ClassVar[dict[str, str | None]] = {"GET": Scope.PEOPLE_READ, "POST": None}
    serializer_class = JoinRequestSerializer

    def get_permissions(self) -> Sequence[Any]:
        """Let a POST with a request token in; the service asks whether it is good."""
        if self.request.method == "POST" and _request_token(self.request):
            return (AllowAny(),)
        return super().get_permissions()

    def get_queryset(self) -> QuerySet[JoinRequest]:
        filters = JoinRequestFiltersSerializer(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        return _administered(self.request.user, self.kwargs["pk"]).filter(**filters.validated_data)

    @extend_schema(
        request=NewJoinRequestSerializer,
        responses={201: OwnJoinRequestSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Ask to be let in. A request token is good for one request, so it takes no key."""
        fields = NewJoinRequestSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        message = fields.validated_data["message"]
        if token := fields.validated_data.get("request_token"):
            made = request_by_offer(token, organization_id=pk, message=message, now=timezone.now())
        else:
            made = _request(request, pk, message)
        return Response(OwnJoinRequestSerializer(made).data, status=201)


class OneJoinRequest(APIView):
    required_scope = Scope.PEOPLE_READ

    @extend_schema(responses=JoinRequestSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID, request_id: uuid.UUID) -> Response:
        return Response(JoinRequestSerializer(_find(request, pk, request_id)).data)


class ApproveJoinRequest(APIView):
    """Let the person in; account and identity link come with it where they are missing."""

    required_scope = Scope.PEOPLE_WRITE

    @extend_schema(
        request=GrantsSerializer,
        responses={201: JoinRequestSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: CallerRequest, pk: uuid.UUID, request_id: uuid.UUID) -> Response:
        wanted = _find(request, pk, request_id)
        fields = GrantsSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        grants = grants_of(wanted.organization, fields.validated_data)
        with once(request, act=f"join_request.approve {wanted.pk}") as claim:
            admit_requester(wanted, grants=grants, by=request.user, now=timezone.now())
            claim.subject_id = str(wanted.pk)
        return Response(JoinRequestSerializer(wanted).data, status=201)


class DenyJoinRequest(APIView):
    required_scope = Scope.PEOPLE_WRITE

    @extend_schema(
        request=DenialSerializer, responses=JoinRequestSerializer, parameters=[IDEMPOTENCY_KEY]
    )
    def post(self, request: CallerRequest, pk: uuid.UUID, request_id: uuid.UUID) -> Response:
        wanted = _find(request, pk, request_id)
        fields = DenialSerializer(data=request.data)
        fields.is_valid(raise_exception=True)
        reason = fields.validated_data["reason"]
        with once(request, act=f"join_request.deny {wanted.pk}") as claim:
            deny_join_request(wanted, reason=reason, by=request.user, now=timezone.now())
            claim.subject_id = str(wanted.pk)
        return Response(JoinRequestSerializer(wanted).data)


class UndoJoinRequest(APIView):
    """Within ten seconds of the decision, for whoever made it."""

    required_scope = Scope.PEOPLE_WRITE

    @extend_schema(request=None, responses=JoinRequestSerializer, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: CallerRequest, pk: uuid.UUID, request_id: uuid.UUID) -> Response:
        wanted = _find(request, pk, request_id)
        with once(request, act=f"join_request.undo {wanted.pk}") as claim:
            retract_decision(wanted, by=request.user, now=timezone.now())
            claim.subject_id = str(wanted.pk)
        return Response(JoinRequestSerializer(wanted).data)


class MyJoinRequests(ListAPIView[JoinRequest]):
    """The caller's own, the newest first; an organization's app sees those to it alone.

    A personal token needs the scope organization:read to see them, organization:write to withdraw.
    """

    request: CallerRequest
    required_scope = None
    serializer_class = OwnJoinRequestSerializer

    def get_queryset(self) -> QuerySet[JoinRequest]:
        return _own(self.request, Scope.ORGANIZATION_READ)

    @extend_schema(responses={204: None}, operation_id="me_join_requests_destroy_all")
    def delete(self, request: CallerRequest) -> Response:
        """Withdraw all that are open."""
        require_reach(request.auth, Scope.ORGANIZATION_WRITE)
        withdraw_own_requests(
            request.user, organization_id=request.auth.confined_to, now=timezone.now()
        )
        return Response(status=204)


class OneOfMyJoinRequests(APIView):
    required_scope = None

    @extend_schema(responses=OwnJoinRequestSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        mine = get_object_or_404(_own(request, Scope.ORGANIZATION_READ), pk=pk)
        return Response(OwnJoinRequestSerializer(mine).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        mine = get_object_or_404(_own(request, Scope.ORGANIZATION_WRITE), pk=pk)
        withdraw_join_request(mine, by=request.user, now=timezone.now())
        return Response(status=204)


class JoinRequestOfToken(APIView):
    """For somebody without an account, who has a request token instead."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses=OwnJoinRequestSerializer)
    def get(self, request: Request, token: str) -> Response:
        made = find_offered_request(token, now=timezone.now())
        return Response(OwnJoinRequestSerializer(made).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, token: str) -> Response:
        now = timezone.now()
        withdraw_join_request(find_offered_request(token, now=now), by=None, now=now)
        return Response(status=204)


def _request(request: CallerRequest, organization_id: uuid.UUID, message: str) -> JoinRequest:
    caller = request.auth
    require_reach(caller, Scope.ORGANIZATION_WRITE)
    if caller.confined_to not in (None, organization_id):
        raise NoSuchOrganization(_("There is no such organization."))
    organization = offered_organization(request.user, organization_id)
    with once(request, act=f"join_request.create {organization.pk}") as claim:
        made = request_to_join(
            request.user,
            organization=organization,
            message=message,
            source=JoinRequest.Source.APP,
            device=_described(caller.device),
            now=timezone.now(),
        )
        claim.subject_id = str(made.pk)
    return made


def _described(device: Device | None) -> str:
    """Say which device somebody asks from, as in “iPhone 15 · iOS 19”."""
    if device is None:
        return ""
    said = {name: getattr(device, name) for name in ("name", "platform", "model", "os_version")}
    return describe_device(said)[:DEVICE_LENGTH]


def _request_token(request: Request) -> str:
    given = request.data
    return str(given.get("request_token") or "") if isinstance(given, dict) else ""


def _administered(user: User, organization_id: uuid.UUID) -> QuerySet[JoinRequest]:
    organization = find_own_organization(user, organization_id)
    requests = join_requests_of(organization, by=user)
    return requests.select_related("organization", "user", "decided_by")


def _find(request: CallerRequest, pk: uuid.UUID, request_id: uuid.UUID) -> JoinRequest:
    return get_object_or_404(_administered(request.user, pk), pk=request_id)


def _own(request: CallerRequest, scope: Scope) -> QuerySet[JoinRequest]:
    caller: Caller = request.auth
    require_reach(caller, scope)
    mine = JoinRequest.objects.filter(user=request.user).select_related("organization")
    return mine.filter(organization=caller.confined_to) if caller.confined_to else mine
