from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auth_providers", "0008_device_configuration"),
    ]

    operations = [
        migrations.AddField(
            model_name="device",
            name="code_checksum",
            field=models.CharField(
                blank=True,
                db_index=True,
                default="",
                editable=False,
                help_text="Of the authorization code that opened it; nothing where none did.",
                max_length=64,
            ),
        ),
    ]
