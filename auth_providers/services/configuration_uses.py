"""What an OAuth configuration is used by, for whoever is about to change or remove it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.models.oauth_configurations import OAuthConfigurationQuerySet


@dataclass(frozen=True, slots=True)
class CredentialUse:
    """A credential of a solution that takes people's tokens from the configuration."""

    solution_id: UUID
    solution: str
    key: str


@dataclass(frozen=True, slots=True)
class Uses:
    """What would stop without the configuration; connections alone keep it from nothing."""

    in_single_sign_on: bool
    credentials: tuple[CredentialUse, ...]
    connections: int

    @property
    def is_needed(self) -> bool:
        return self.in_single_sign_on or bool(self.credentials)

    def in_words(self) -> str:
        """Name each use, for the sentence that refuses."""
        words = [_("the organization's single sign-on")] if self.in_single_sign_on else []
        for use in self.credentials:
            credential = _("credential %(key)s of %(solution)s")
            words.append(credential % {"key": use.key, "solution": use.solution})
        if self.connections:
            counted = ngettext(
                "%(number)s person's connection",
                "%(number)s people's connections",
                self.connections,
            )
            words.append(counted % {"number": self.connections})
        return ", ".join(words)


def uses_of(configuration: OAuthConfiguration) -> Uses:
    """Return what uses the configuration now; whoever may see it may know."""
    rows = configuration.credentials.order_by("solution__title", "key")
    credentials = rows.values_list("solution_id", "solution__title", "key")
    return Uses(
        in_single_sign_on=SingleSignOn.objects.filter(configurations=configuration).exists(),
        credentials=tuple(CredentialUse(*row) for row in credentials),
        connections=configuration.grants.count(),
    )


def with_uses(configurations: OAuthConfigurationQuerySet) -> OAuthConfigurationQuerySet:
    """Let each of a list know what uses it, in numbers, without a query of its own."""
    return configurations.annotate(
        in_single_sign_on=Exists(SingleSignOn.objects.filter(configurations=OuterRef("pk"))),
        credential_count=Count("credentials", distinct=True),
        connection_count=Count("grants", distinct=True),
    )
