"""An organization's single sign-on: reading its settings, and putting others in place."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from auth_providers.http import CallerRequest
from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.services.scopes import Scope
from auth_providers.services.single_sign_on import save_single_sign_on, settings_of
from auth_providers.services.single_sign_on_faults import SettingsInvalid, SignOnFields
from jigxmgmt.errors import FieldFault, pointer
from orgs.models import Organization, SolutionGroup
from orgs.services.organizations import find_own_organization

Row = TypeVar("Row", bound=models.Model)
MOST = 200


class Ids(serializers.ListField):
    """Some of the organization's own, by id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            child=serializers.UUIDField(), required=False, default=list, max_length=MOST, **kwargs
        )


class SingleSignOnSerializer(serializers.Serializer[Any]):
    is_enabled = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Turned on by who has come through a test sign-in of each configuration.",
    )
    configurations = Ids(help_text="OAuth configurations, with an issuer, that people come by.")
    creates_members = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Whoever the provider knows becomes a member with role user.",
    )
    creates_as = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The member, an owner or admin, in whose name; by default who saves.",
    )
    solutions = Ids(help_text="What new people get, with role user.")
    groups = Ids(help_text="In which groups of solutions new people are put.")
    is_required = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Password and passkey let in the owners for emergencies alone.",
    )
    break_glass = Ids(help_text="The members, owners with a password or passkey, for emergencies.")


class SavedSingleSignOnSerializer(SingleSignOnSerializer):
    saved_at = serializers.DateTimeField(allow_null=True)
    saved_by = serializers.EmailField(allow_null=True)


class OrganizationSingleSignOn(APIView):
    required_scope: ClassVar[dict[str, str]] = {
        "GET": Scope.ORGANIZATION_READ,
        "PUT": Scope.ORGANIZATION_WRITE,
    }

    @extend_schema(responses=SavedSingleSignOnSerializer)
    def get(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        organization = find_own_organization(request.user, pk)
        return Response(_shown(settings_of(organization, by=request.user)))

    @extend_schema(request=SingleSignOnSerializer, responses=SavedSingleSignOnSerializer)
    def put(self, request: CallerRequest, pk: uuid.UUID) -> Response:
        """Put these settings in place of all there were; what is left out is off."""
        organization = find_own_organization(request.user, pk)
        given = SingleSignOnSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        settings_of(organization, by=request.user)  # before ids are looked up
        saved = save_single_sign_on(
            organization,
            fields=_fields_of(organization, given.validated_data),
            by=request.user,
            now=timezone.now(),
        )
        return Response(_shown(saved))


def _fields_of(organization: Organization, given: dict[str, Any]) -> SignOnFields:
    """Return the settings with what the ids stand for; raises SettingsInvalid for the unknown."""
    members = organization.memberships.select_related("user")
    groups = SolutionGroup.objects.filter(solution__organization=organization)
    own = OAuthConfiguration.objects.of_organization(organization)
    creating = [given["creates_as"]] if given["creates_as"] else []
    creators = _found("creates_as", creating, members)
    return SignOnFields(
        is_enabled=given["is_enabled"],
        configurations=_found("configurations", given["configurations"], own),
        creates_members=given["creates_members"],
        creates_as=creators[0].user if creators else None,
        solutions=_found("solutions", given["solutions"], organization.solutions.all()),
        groups=_found("groups", given["groups"], groups.select_related("solution")),
        is_required=given["is_required"],
        break_glass=_found("break_glass", given["break_glass"], members),
    )


def _found(field: str, ids: Iterable[uuid.UUID], rows: QuerySet[Row]) -> list[Row]:
    wanted = list(dict.fromkeys(ids))
    known = rows.in_bulk(wanted) if wanted else {}
    faults = [
        FieldFault(pointer(field, index), _("There is none of this id."), "unknown")
        for index, identity in enumerate(wanted)
        if identity not in known
    ]
    if faults:
        raise SettingsInvalid(_("Some settings are at fault."), faults=faults)
    return [known[identity] for identity in wanted]


def _shown(settings: SingleSignOn) -> dict[str, Any]:
    members = settings.organization.memberships.filter(user=settings.creates_as)
    many = ("configurations", "solutions", "groups", "break_glass")
    return {
        **{name: getattr(settings, name) for name in ("is_enabled", "is_required")},
        "creates_members": settings.creates_members,
        "creates_as": members.values_list("pk", flat=True).first() if settings.creates_as else None,
        **{name: [row.pk for row in getattr(settings, name).all()] for name in many},
        "saved_at": settings.saved_at if settings.saved_by_id else None,
        "saved_by": settings.saved_by and settings.saved_by.email,
    }
