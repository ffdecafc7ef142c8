"""A solution's custom settings: one object, which expressions read."""

import uuid
from dataclasses import replace
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from functions.api.solution_members import open_solution
from jigxmgmt.errors import FieldFault
from orgs.services.solutions import NotSettings, change_solution


class SolutionSettings(APIView):
    """What expressions read as @ctx.solution.settings.custom."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "solutions:read", "PUT": "solutions:write"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        return Response(open_solution(request, pk).custom_settings)

    @extend_schema(request=OpenApiTypes.OBJECT, responses=OpenApiTypes.OBJECT)
    def put(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Replace them whole."""
        solution = open_solution(request, pk)
        wanted: Any = request.data
        if not isinstance(wanted, dict):
            sentence = _("Settings are an object.")
            fault = FieldFault("", sentence, NotSettings.code)
            raise NotSettings(sentence, faults=[fault])
        try:
            change_solution(solution, custom_settings=wanted, by=request.user)
        except NotSettings as refusal:  # the whole body is what is at fault
            faults = [replace(fault, pointer="") for fault in refusal.faults]
            raise NotSettings(refusal.detail, faults=faults) from refusal
        return Response(solution.custom_settings)
