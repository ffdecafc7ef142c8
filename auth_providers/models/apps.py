"""The apps that people sign in with."""

import uuid
from urllib.parse import urlsplit

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from orgs.models import Organization


class App(AbstractApplication):
    """An OAuth client: an organization's app, or the installation's own that anyone may use."""

    class Platform(models.TextChoices):
        IOS = "ios", "iOS"
        ANDROID = "android", "Android"
        MACOS = "macos", "macOS"
        WINDOWS = "windows", "Windows"
        WEB = "web", _("Web")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # type: ignore[assignment]
    organization = models.ForeignKey(
        Organization,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="apps",
        help_text="None for the installation's own app.",
    )
    is_first_party = models.BooleanField(
        default=False, help_text="May show its own sign-in screen and ask for the password."
    )
    platforms = models.JSONField(
        default=list, blank=True, help_text="Where it runs, as its maker says."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(AbstractApplication.Meta):
        ordering = ["name"]
        constraints = [
            # Over a field that is never null: over a nullable one SQL Server makes it
            # a plain UNIQUE, without the condition.
            models.UniqueConstraint(
                fields=["is_first_party"],
                condition=models.Q(organization__isnull=True, is_first_party=True),
                name="installation_app_once",
            ),
        ]

    @property
    def redirect_urls(self) -> list[str]:
        return self.redirect_uris.split()

    @property
    def platform_labels(self) -> list[str]:
        return [str(self.Platform(platform).label) for platform in self.platforms]

    def get_allowed_schemes(self) -> list[str]:
        """Return the schemes of its own redirect URLs: an app on a phone has one of its own."""
        return sorted({urlsplit(url).scheme for url in self.redirect_urls})
