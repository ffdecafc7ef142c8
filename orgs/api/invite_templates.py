"""How an organization's invitations read, one template a language."""

import uuid
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.response import Response
from rest_framework.views import APIView

from jigxmgmt.api import CursorPagination
from orgs.api.idempotency import IDEMPOTENCY_KEY, once
from orgs.http import UserRequest
from orgs.mail.wording import KINDS, Wording
from orgs.models import InviteTemplate, Organization
from orgs.services.invite_templates import (
    MissingTranslation,
    find_invite_template,
    invite_templates_of,
    missing_translations,
    parts_lacking,
    preview_invitation,
    remove_invite_template,
    save_invite_template,
    send_test_invitation,
)
from orgs.services.organizations import find_own_organization

READ, WRITE = "organization:read", "organization:write"


class WordingSerializer(serializers.Serializer[Any]):
    """What an invitation says; blank or absent parts are the built-in ones."""

    subject = serializers.CharField(required=False, allow_blank=True, default="")
    parameters = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        default=dict,
        help_text=f"Any of {', '.join(KINDS)}.",
    )
    html = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False
    )
    text = serializers.CharField(
        required=False, allow_blank=True, default="", trim_whitespace=False
    )


class InviteTemplateSerializer(WordingSerializer):
    language = serializers.CharField()
    changed_at = serializers.DateTimeField()
    lacks = serializers.SerializerMethodField()

    def get_lacks(self, template: InviteTemplate) -> list[str]:
        """Name the parts that the default language has and this one leaves blank."""
        lacking: dict[str, list[str]] = self.context["lacking"]
        return lacking.get(template.language, [])


class MissingTranslationSerializer(serializers.Serializer[MissingTranslation]):
    language = serializers.CharField()
    name = serializers.CharField()
    open_invites = serializers.IntegerField()
    people = serializers.IntegerField()


class RenderedSerializer(serializers.Serializer[Any]):
    subject = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField()


class ByLanguage(CursorPagination):
    """A list with, beside it, the languages in use that it has no template for."""

    ordering = "language"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        whole = super().get_paginated_response_schema(schema)
        members = {
            "language": {"type": "string"},
            "name": {"type": "string"},
            "open_invites": {"type": "integer"},
            "people": {"type": "integer"},
        }
        missing = {"type": "object", "required": list(members), "properties": members}
        whole["properties"]["missing"] = {"type": "array", "items": missing}
        whole["required"].append("missing")
        return whole


class ListInviteTemplates(ListAPIView[InviteTemplate]):
    request: UserRequest
    required_scope = READ
    serializer_class = InviteTemplateSerializer
    pagination_class = ByLanguage

    def get_queryset(self) -> QuerySet[InviteTemplate]:
        return invite_templates_of(self._organization, by=self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        context = dict(super().get_serializer_context())
        if "pk" in self.kwargs:  # which the schema's generator does not know
            context["lacking"] = parts_lacking(self._organization.invite_templates.all())
        return context

    def get_paginated_response(self, data: Any) -> Response:
        answer = super().get_paginated_response(data)
        missing = missing_translations(self._organization, by=self.request.user)
        answer.data["missing"] = [MissingTranslationSerializer(each).data for each in missing]
        return answer

    @cached_property
    def _organization(self) -> Organization:
        return find_own_organization(self.request.user, self.kwargs["pk"])


class OneInviteTemplate(APIView):
    required_scope: ClassVar[dict[str, str]] = {"GET": READ, "PUT": WRITE, "DELETE": WRITE}

    @extend_schema(responses=InviteTemplateSerializer)
    def get(self, request: UserRequest, pk: uuid.UUID, language: str) -> Response:
        organization = find_own_organization(request.user, pk)
        template = find_invite_template(organization, language=language, by=request.user)
        return Response(_document(template))

    @extend_schema(request=WordingSerializer, responses=InviteTemplateSerializer)
    def put(self, request: UserRequest, pk: uuid.UUID, language: str) -> Response:
        """Write it anew, whole: what is absent is the built-in wording."""
        organization = find_own_organization(request.user, pk)
        template = save_invite_template(
            organization,
            language=language,
            wording=_wording(request),
            by=request.user,
            now=timezone.now(),
        )
        return Response(_document(template))

    @extend_schema(responses={204: None})
    def delete(self, request: UserRequest, pk: uuid.UUID, language: str) -> Response:
        organization = find_own_organization(request.user, pk)
        template = find_invite_template(organization, language=language, by=request.user)
        remove_invite_template(template, by=request.user)
        return Response(status=204)


class PreviewInviteTemplate(APIView):
    """How an invitation with these words would read; nothing is saved or sent."""

    required_scope = READ

    @extend_schema(request=WordingSerializer, responses=RenderedSerializer)
    def post(self, request: UserRequest, pk: uuid.UUID, language: str) -> Response:
        rendered = preview_invitation(
            find_own_organization(request.user, pk),
            language=language,
            wording=_wording(request),
            by=request.user,
            now=timezone.now(),
        )
        return Response(RenderedSerializer(rendered).data)


class SendTestInvitation(APIView):
    """Sends these words to the caller, and to nobody else."""

    required_scope = WRITE

    @extend_schema(request=WordingSerializer, responses={202: None}, parameters=[IDEMPOTENCY_KEY])
    def post(self, request: UserRequest, pk: uuid.UUID, language: str) -> Response:
        organization = find_own_organization(request.user, pk)
        wording = _wording(request)
        with once(request, act=f"invite_template.test {organization.pk} {language}"):
            send_test_invitation(
                organization,
                language=language,
                wording=wording,
                by=request.user,
                now=timezone.now(),
            )
        return Response(status=202)


def _wording(request: UserRequest) -> Wording:
    fields = WordingSerializer(data=request.data)
    fields.is_valid(raise_exception=True)
    return Wording(**fields.validated_data)


def _document(template: InviteTemplate) -> Any:
    templates = template.organization.invite_templates.all()
    context = {"lacking": parts_lacking(templates)}
    return InviteTemplateSerializer(template, context=context).data
