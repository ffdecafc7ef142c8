"""The two kinds of resources: which columns they have, and what follows from them here."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from scim2_models import Resource

from auth_providers.models import ScimGroup, ScimUser
from auth_providers.services.directory import follow_group, follow_person, let_out, remove_group


class Kind(Protocol):
    """One kind of resource. `columns` are attributes that the database finds by."""

    model: Any
    columns: Mapping[str, str]

    def fill(self, row: Any, resource: Resource[Any]) -> None: ...

    def is_active(self, row: Any) -> bool: ...

    def follow(
        self, row: Any, resource: Resource[Any], *, was_active: bool, now: datetime
    ) -> None: ...

    def remove(self, row: Any, *, now: datetime) -> None: ...


class People:
    model = ScimUser
    columns: Mapping[str, str] = {"username": "user_name", "externalid": "external_id"}

    def fill(self, row: ScimUser, resource: Any) -> None:
        row.user_name = resource.user_name.casefold()[:255]
        row.external_id = (resource.external_id or "")[:255]
        row.is_active = resource.active is not False
        row.attributes = _attributes_of(resource)

    def is_active(self, row: ScimUser) -> bool:
        return row.is_active

    def follow(self, row: ScimUser, resource: Any, *, was_active: bool, now: datetime) -> None:
        name = resource.name
        names = ((name and name.given_name) or "", (name and name.family_name) or "")
        follow_person(row, was_active=was_active, email=_address_of(resource), names=names, now=now)
        for group in row.groups.all():
            follow_group(group)

    def remove(self, row: ScimUser, *, now: datetime) -> None:
        for group in row.groups.select_for_update(of=("self",), no_key=True).order_by("pk"):
            members = group.attributes.get("members", [])
            group.attributes["members"] = [
                member for member in members if member.get("value") != str(row.pk)
            ]
            group.version += 1
            group.save(update_fields=["attributes", "version"])
        let_out(row, now=now)
        row.delete()


class Groups:
    model = ScimGroup
    columns: Mapping[str, str] = {"displayname": "display_name", "externalid": "external_id"}

    def fill(self, row: ScimGroup, resource: Any) -> None:
        row.display_name = resource.display_name[:255]
        row.external_id = (resource.external_id or "")[:255]
        row.attributes = _attributes_of(resource)

    def is_active(self, row: ScimGroup) -> bool:
        return True

    def follow(self, row: ScimGroup, resource: Any, *, was_active: bool, now: datetime) -> None:
        wanted = _ids_of(member.value for member in resource.members or ())
        row.members.set(ScimUser.objects.filter(organization=row.organization_id, pk__in=wanted))
        follow_group(row)

    def remove(self, row: ScimGroup, *, now: datetime) -> None:
        remove_group(row)


KINDS: Mapping[str, Kind] = {"User": People(), "Group": Groups()}


def _attributes_of(resource: Resource[Any]) -> dict[str, Any]:
    """Return what is kept of a resource: no password, whoever sends one."""
    kept = resource.model_copy(deep=True)
    kept.id = kept.meta = None
    if hasattr(kept, "password"):
        kept.password = None
    attributes: dict[str, Any] = kept.model_dump(mode="json")
    return attributes


def _address_of(resource: Any) -> str:
    """Return a person's address: the user name where it is one, else the primary e-mail."""
    if "@" in resource.user_name:
        return str(resource.user_name)
    emails = resource.emails or []
    ranked = sorted(emails, key=lambda email: not email.primary)
    return str(ranked[0].value or "") if ranked else ""


def _ids_of(texts: Iterable[str | None]) -> list[uuid.UUID]:
    ids = []
    for text in texts:
        try:
            ids.append(uuid.UUID(text or ""))
        except ValueError:
            continue
    return ids
