"""Let the events of earlier versions wait for their place in a chain as well."""

from django.db import migrations


def wait(apps, schema_editor):
    events = apps.get_model('orgs', 'AuditEvent')._base_manager
    waits = apps.get_model('orgs', 'AuditWait')._base_manager
    unplaced = events.filter(link__isnull=True, wait__isnull=True)
    waits.bulk_create(
        (
            waits.model(event_id=event, scope=str(organization or 'installation'))
            for event, organization in unplaced.values_list('pk', 'organization')
        ),
        batch_size=1000,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('orgs', '0003_audit_waits'),
    ]

    operations = [
        migrations.RunPython(wait, migrations.RunPython.noop, elidable=True),
    ]
