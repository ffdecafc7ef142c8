from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("auth_providers", "0002_email_codes_and_identities")]

    operations = [
        migrations.RemoveConstraint(model_name="emailcode", name="email_code_once"),
        migrations.AddConstraint(
            model_name="emailcode",
            constraint=models.UniqueConstraint(
                fields=("purpose", "email"),
                condition=Q(used_at__isnull=True),
                name="email_code_once",
            ),
        ),
    ]
