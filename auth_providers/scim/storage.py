"""The organization's rows as the protocol's library reads and writes them."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from scim2_models import (
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimProvider,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from auth_providers.models import ScimGroup, ScimUser
from auth_providers.scim.kinds import KINDS, Kind
from auth_providers.scim.searching import equal_to, page_of
from orgs.models import Organization

Row = ScimUser | ScimGroup


class DirectoryStorage(ScimStorage):
    """One organization's people and groups. Each operation is one transaction."""

    def __init__(self, organization: Organization, *, provider: ScimProvider) -> None:
        self._organization = organization
        self._provider = provider

    def operation(self) -> AbstractContextManager[None]:
        return transaction.atomic()

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        rows = self._rows(_kind_of(resource_type))
        if response_parameters is None:  # read to be written: whoever else writes it waits
            rows = rows.select_for_update(of=("self",), no_key=True)
        return self._resource(resource_type, _find(rows, resource_id))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        if len(resource_types) == 1 and not (search_request.filter or search_request.sort_by):
            return self._plain_page(resource_types[0], search_request)
        found = self._candidates(resource_types, search_request)
        return page_of(found, search_request)

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        kind, now = _kind_of(resource_type), timezone.now()
        row = kind.model(organization=self._organization, created_at=now)
        self._write(kind, row, resource, now)
        kind.follow(row, resource, was_active=False, now=now)
        return self._resource(resource_type, row)

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        kind, now = _kind_of(resource_type), timezone.now()
        rows = self._rows(kind).select_for_update(of=("self",), no_key=True)
        row = _find(rows, resource.id or "")
        _check_version(row, expected_version)
        was_active = kind.is_active(row)
        row.version += 1
        self._write(kind, row, resource, now)
        kind.follow(row, resource, was_active=was_active, now=now)
        return self._resource(resource_type, row)

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        kind = _kind_of(resource_type)
        rows = self._rows(kind).select_for_update(of=("self",), no_key=True)
        row = _find(rows, resource_id)
        _check_version(row, expected_version)
        kind.remove(row, now=timezone.now())

    def _plain_page(self, resource_type: ResourceType, request: SearchRequest[Any]) -> SearchPage:
        """Page in the database, where nothing else is asked for."""
        rows = self._rows(_kind_of(resource_type)).order_by("pk")
        start = request.start_index_0 or 0
        stop = None if request.count is None else start + request.count
        page = [self._resource(resource_type, row) for row in rows[start:stop]]
        return SearchPage(rows.count(), page)

    def _candidates(
        self, resource_types: Iterable[ResourceType], request: SearchRequest[Any]
    ) -> Iterator[Resource[Any]]:
        for resource_type in resource_types:
            kind = _kind_of(resource_type)
            rows = self._rows(kind).filter(**equal_to(request.filter, kind.columns))
            for row in rows.iterator(chunk_size=500):
                yield self._resource(resource_type, row)

    def _rows(self, kind: Kind) -> QuerySet[Any]:
        rows: QuerySet[Any] = kind.model._default_manager.filter(organization=self._organization)
        return rows

    def _write(self, kind: Kind, row: Row, resource: Resource[Any], now: datetime) -> None:
        """Keep what was sent; raises UniquenessException where another has the name."""
        row.modified_at = now
        kind.fill(row, resource)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError:
            raise UniquenessException from None

    def _resource(self, resource_type: ResourceType, row: Row) -> Resource[Any]:
        model = cast(type[Resource[Any]], self._provider.model_for(resource_type))
        resource = model.model_validate(row.attributes)
        resource.id = str(row.pk)
        resource.meta = Meta(
            resource_type=resource_type.name,
            created=row.created_at,
            last_modified=row.modified_at,
            version=_version_of(row),
        )
        return resource


def _kind_of(resource_type: ResourceType) -> Kind:
    return KINDS[str(resource_type.id)]


def _find(rows: QuerySet[Any], resource_id: str) -> Any:
    try:
        row = rows.select_related("organization").filter(pk=uuid.UUID(resource_id)).first()
    except ValueError:
        row = None
    if row is None:
        raise NotFoundException(detail=f"There is no resource {resource_id[:100]}.")
    return row


def _version_of(row: Row) -> str:
    return f'W/"{row.version}"'


def _check_version(row: Row, expected: str | None) -> None:
    if expected is not None and expected != _version_of(row):
        raise PreconditionFailedException
