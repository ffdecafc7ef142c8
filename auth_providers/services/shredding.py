"""Making what an organization has sealed unreadable, for good."""

from django.db import IntegrityError, transaction
from django.db.models.deletion import RestrictedError
from django.utils.translation import gettext as _

from auth_providers.services.sealed_rows import declared_rows, make_stale, rows_of
from auth_providers.services.vault import key_provider
from auth_providers.vault.places import SealedRows
from jigxmgmt.errors import Conflict
from orgs.models import Organization
from orgs.services.audit import record_event

TRIES = 5


class SavedMeanwhile(Conflict):
    """Somebody kept saving secrets while they were shredded."""

    code = "saved_meanwhile"


def shred_organization_secrets(organization: Organization) -> dict[str, int]:
    """Take away all that the organization has sealed, and the keys; the organization stays.

    People's consents end; credentials and configurations stay as places that wait for a secret.
    Return how many values of each model are gone. Raises SavedMeanwhile.
    """
    for _try in range(TRIES):
        try:
            counts = _shred(organization)
        except (RestrictedError, IntegrityError):  # something was sealed and saved in between
            continue
        key_provider().forget(str(organization.pk))
        return counts
    raise SavedMeanwhile(_("Secrets are being saved just now. Try again."))


@transaction.atomic
def _shred(organization: Organization) -> dict[str, int]:
    Organization.objects.select_for_update().get(pk=organization.pk)
    counts = {rows.model: _empty(rows, organization) for rows in declared_rows()}
    # Their deletion fails while one row that nobody has declared is sealed under them.
    data_keys = organization.data_keys.count()
    organization.data_keys.all().delete()
    record_event(
        "organization.shred_secrets",
        by=None,
        subject=organization,
        organization=organization,
        changes={"data_keys": (data_keys, 0)} | {name: (n, 0) for name, n in counts.items()},
    )
    return counts


def _empty(rows: SealedRows, organization: Organization) -> int:
    found = rows_of(rows, organization)
    make_stale(rows, found)
    if not found.model._meta.get_field(rows.data_key).null:
        count = found.count()
        found.delete()
        return count
    return found.update(**dict.fromkeys((rows.data_key, *rows.fields)))
