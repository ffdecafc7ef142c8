"""The caller: who they are and where they are signed in."""

import uuid
from typing import ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.api.serializers import DeviceSerializer, MeSerializer
from auth_providers.http import CallerRequest
from auth_providers.models import Device
from auth_providers.services.devices import revoke_device
from auth_providers.services.scopes import Scope


class ReadMe(APIView):
    required_scope = None

    @extend_schema(responses=MeSerializer)
    def get(self, request: CallerRequest) -> Response:
        return Response(MeSerializer(request.user).data)


class ListMyDevices(ListAPIView[Device]):
    """Devices on which the caller is signed in."""

    request: CallerRequest
    required_scope = None
    serializer_class = DeviceSerializer

    def get_queryset(self) -> QuerySet[Device]:
        return _own_devices(self.request)


class OneOfMyDevices(APIView):
    required_scope: ClassVar[dict[str, str | None]] = {"GET": None, "DELETE": Scope.DEVICES_WRITE}

    @extend_schema(responses=DeviceSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        device = get_object_or_404(_own_devices(request), pk=pk)
        return Response(DeviceSerializer(device, context={"request": request}).data)

    @extend_schema(responses={204: None})
    def delete(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        device = get_object_or_404(_own_devices(request), pk=pk)
        revoke_device(device, by=request.user, now=timezone.now())
        return Response(status=204)


def _own_devices(request: CallerRequest) -> QuerySet[Device]:
    mine = Device.objects.live(timezone.now()).filter(user=request.user)
    return mine.select_related("app__organization")
