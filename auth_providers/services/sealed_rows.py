"""All rows that hold sealed values, whichever app they belong to, and sealing one anew."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import models, transaction

from auth_providers.models import DataKey
from auth_providers.services.vault import open_secret, unwrapped
from auth_providers.vault import Place, SealBroken, seal
from auth_providers.vault.places import SealedRows
from orgs.models import Organization


def declared_rows() -> Iterator[SealedRows]:
    """Yield what each app's configuration declares as `sealed_rows`."""
    for config in apps.get_app_configs():
        yield from getattr(config, "sealed_rows", ())


def rows_of(rows: SealedRows, organization: Organization) -> models.QuerySet[models.Model]:
    """Return the rows of a kind that hold something sealed of this organization."""
    return _all(rows).filter(**{f"{rows.data_key}__organization": organization})


def rows_under(rows: SealedRows, keys: Iterable[DataKey]) -> models.QuerySet[models.Model]:
    """Return the rows of a kind that are sealed under one of these keys."""
    return _all(rows).filter(**{f"{rows.data_key}__in": list(keys)})


def make_stale(rows: SealedRows, found: models.QuerySet[models.Model]) -> None:
    """Tell who caches these rows that they are about to change; within the transaction."""
    if rows.stale is not None:
        rows.stale(list(found.values_list("pk", flat=True)))


def reseal_row(rows: SealedRows, key: Any, *, to: DataKey) -> bool:
    """Seal what one row holds under another data key; false when there is nothing left to do.

    Whoever saves the row meanwhile wins: what they sealed is then looked at in its turn. Raises
    SealBroken, VaultAway or VaultKeyMissing.
    """
    waiting = rows_of(rows, to.organization).filter(pk=key).exclude(**{rows.data_key: to})
    while True:
        row = waiting.select_related(rows.data_key).first()
        if row is None:
            return False
        before = {name: _bytes(getattr(row, name)) for name in rows.fields}
        changes = _resealed(rows, row, before, to)
        with transaction.atomic():
            make_stale(rows, _all(rows).filter(pk=key))
            unchanged = {rows.data_key: getattr(row, rows.data_key), **before}
            if _all(rows).filter(pk=key, **unchanged).update(**changes):
                return True


def _resealed(
    rows: SealedRows, row: models.Model, sealed: dict[str, bytes | None], to: DataKey
) -> dict[str, Any]:
    model, data_key = row._meta.label_lower, getattr(row, rows.data_key)
    changes: dict[str, Any] = {rows.data_key: to}
    for name, value in sealed.items():
        if value is None:
            continue
        try:
            plain = open_secret(value, data_key=data_key, model=model, row=str(row.pk), field=name)
        except SealBroken as error:
            raise SealBroken(f"{row._meta.label} {row.pk} can't be opened.") from error
        place = Place(to.scope, model, str(row.pk), name)
        changes[name] = seal(plain.encode(), data_key=unwrapped(to), place=place)
    return changes


def _all(rows: SealedRows) -> models.QuerySet[models.Model]:
    model: type[models.Model] = apps.get_model(rows.model)
    return model._base_manager.all()


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
