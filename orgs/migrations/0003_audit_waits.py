import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orgs', '0002_people'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditWait',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='wait', serialize=False, to='orgs.auditevent')),
                ('scope', models.CharField(db_index=True, max_length=36)),
            ],
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['correlation_id'], name='audit_by_correlation'),
        ),
    ]
