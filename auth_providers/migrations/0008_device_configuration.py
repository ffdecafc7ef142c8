import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth_providers", "0007_sealed_seeds"),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="configuration",
            field=models.ForeignKey(
                blank=True,
                help_text="By which single sign-on it was opened; none for a password.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="auth_providers.oauthconfiguration",
            ),
        ),
    ]
