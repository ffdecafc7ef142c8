"""Seal the seeds of authenticator apps and recovery codes that were kept as they are.

What is sealed already is left alone, so it may run twice. There is no way back: an older version
could not read the seeds.
"""

import base64

from django.db import migrations

from auth_providers.services.vault import key_provider
from auth_providers.vault import Place, new_data_key, seal

MARK = 'vault1.'
SCOPE = 'installation'
PLACE = Place(SCOPE, 'mfa.authenticator', '', 'data')


def seal_seeds(apps, schema_editor):
    Authenticator = apps.get_model('mfa', 'Authenticator')
    rows = Authenticator.objects.filter(type__in=['totp', 'recovery_codes'])
    for pk in list(rows.values_list('pk', flat=True)):
        row = rows.select_for_update().get(pk=pk)
        sealed = {name: _sealed(apps, value) for name, value in row.data.items()}
        if sealed != row.data:
            row.data = sealed
            row.save(update_fields=['data'])


def _sealed(apps, value):
    """Seal a seed, or each of several codes; leave numbers, times and what is sealed."""
    if isinstance(value, list):
        return [_sealed(apps, part) for part in value]
    if not isinstance(value, str) or value.startswith(MARK):
        return value
    number, data_key = _newest(apps)
    sealed = seal(value.encode(), data_key=data_key, place=PLACE)
    return f'{MARK}{number}.{base64.urlsafe_b64encode(sealed).decode()}'


def _newest(apps):
    InstallationKey = apps.get_model('auth_providers', 'InstallationKey')
    key = InstallationKey.objects.order_by('number').last()
    if key is None:
        key_id, wrapped = key_provider().wrap(new_data_key(), organization=SCOPE)
        key = InstallationKey.objects.create(number=1, wrapped_by=key_id, wrapped=wrapped)
    plain = key_provider().unwrap(
        bytes(key.wrapped), key_id=key.wrapped_by, organization=SCOPE
    )
    return key.number, plain


class Migration(migrations.Migration):

    dependencies = [
        ('auth_providers', '0006_installation_key'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [migrations.RunPython(seal_seeds)]
