import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth_providers', '0002_email_codes_and_identities'),
        ('functions', '0001_initial'),
        ('orgs', '0002_people'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='credential',
            name='data_key',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='auth_providers.datakey'),
        ),
        migrations.AlterField(
            model_name='credential',
            name='sealed',
            field=models.BinaryField(help_text='Null while there is no secret yet.', null=True),
        ),
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('data_key__isnull', True), ('sealed__isnull', True)), models.Q(('data_key__isnull', False), ('sealed__isnull', False)), _connector='OR'), name='credential_sealed_with_its_key'),
        ),
    ]
