from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('functions', '0003_credentials_of_each_person'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='credential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('configuration__isnull', True), ('type__in', ('api_key', 'secret', 'basic_auth'))), models.Q(('configuration__isnull', False), ('sealed__isnull', True), ('type__in', ('oauth', 'oauth_alias'))), _connector='OR'), name='credential_configured_as_its_type'),
        ),
    ]
