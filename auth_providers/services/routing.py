"""Which single sign-on an e-mail address leads to: by its domain, never by its person.

A pattern that its organization has not proved leads nobody in but by that organization's own app:
else one organization could claim the people of another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import F, QuerySet

from auth_providers.models import App, ConfigurationDomain, OAuthConfiguration, SingleSignOn
from auth_providers.services.redirect_urls import LOOPBACK
from orgs.models import Domain
from orgs.services.domain_names import domain_of

ANY, BELOW = "*", "*."


@dataclass(frozen=True, slots=True)
class Option:
    """A configuration that an address may sign in by, and the pattern by which it leads there."""

    configuration: OAuthConfiguration
    pattern: str


def find_options(*, email: str, app: App, redirect_uri: str) -> list[Option]:
    """Return by which configurations an address may sign in with an app; several are a choice.

    Of the person nothing is looked up, so that it takes the same time whether anybody knows them.
    That the app has the redirect URL is asked by the caller.
    """
    domain = domain_of(email)
    rows = list(_rows().filter(pattern__in=_patterns_of(domain)))
    leading = _leading(rows, domain=domain, app=app, redirect_uri=redirect_uri)
    best = min((_rank(row.pattern) for row in leading), default=None)
    return [Option(row.configuration, row.pattern) for row in leading if _rank(row.pattern) == best]


def find_way(
    configuration_id: UUID, *, email: str, app: App, redirect_uri: str
) -> OAuthConfiguration | None:
    """Return the configuration if it is an option of the address; without one, of any address."""
    if email:
        options = find_options(email=email, app=app, redirect_uri=redirect_uri)
        ways = [option.configuration for option in options]
    else:
        rows = list(_rows().filter(configuration=configuration_id))
        leading = _leading(rows, domain="", app=app, redirect_uri=redirect_uri)
        ways = [row.configuration for row in leading]
    return next((way for way in ways if way.pk == configuration_id), None)


def takes_password(email: str) -> bool:
    """Answer whether people of this address's domain may sign in by a password.

    Not where the organization that has proved exactly this domain requires its single sign-on.
    """
    proved = Domain.objects.proved().filter(name=domain_of(email)).values("organization")
    requiring = SingleSignOn.objects.filter(is_enabled=True, is_required=True)
    return not requiring.filter(organization__in=proved).exists()


def may_return_to(app: App, redirect_uri: str) -> bool:
    """Answer whether the app has registered this redirect URL.

    Exactly, save the port of a loopback address, which a program picks as it starts (RFC 8252 7.3).
    """
    return _portless(redirect_uri) in {_portless(url) for url in app.redirect_urls}


def holds_redirect(configuration: OAuthConfiguration, redirect_uri: str) -> bool:
    """Answer whether the configuration lists this redirect URL, or it without its loopback port."""
    return bool({redirect_uri, _portless(redirect_uri)} & set(configuration.redirect_urls))


def matching_pattern(email: str, patterns: Iterable[str]) -> str:
    """Return the most exact of these patterns that an address fits; nothing when none does."""
    fitting = set(_patterns_of(domain_of(email))) & set(patterns)
    return min(fitting, key=_rank, default="")


def _rows() -> QuerySet[ConfigurationDomain]:
    """Return the patterns of all by which people sign in now."""
    rows = ConfigurationDomain.objects.filter(
        configuration__solution__isnull=True,
        configuration__organization__single_sign_on__is_enabled=True,
        configuration__organization__single_sign_on__configurations=F("configuration"),
    )
    related = rows.select_related(
        "configuration__organization", "configuration__image", "configuration__data_key"
    )
    return related.order_by("configuration__name", "configuration", "pattern")


def _leading(
    rows: Sequence[ConfigurationDomain], *, domain: str, app: App, redirect_uri: str
) -> list[ConfigurationDomain]:
    """Return the patterns that count in this app, of configurations that come back to this URL."""
    names = [domain] if domain else [row.pattern.removeprefix(BELOW) for row in rows]
    owners = _owners_of(names)
    return [
        row
        for row in rows
        if _leads(row, app, domain, owners) and holds_redirect(row.configuration, redirect_uri)
    ]


def _owners_of(names: Iterable[str]) -> Mapping[str, UUID]:
    """Return which organization has proved what, of these names and all above them."""
    asked = {above for name in names for above in _upwards(name)}
    proved = Domain.objects.proved().filter(name__in=asked)
    return dict(proved.values_list("name", "organization"))


def _leads(row: ConfigurationDomain, app: App, domain: str, owners: Mapping[str, UUID]) -> bool:
    """Answer whether the pattern counts in this app: proved, or the app is the organization's.

    Of a subdomain the closest proof counts: who has proved `x` does not speak for another's `y.x`.
    """
    organization_id = row.configuration.organization_id
    if app.organization_id == organization_id:
        return True
    name = row.pattern.removeprefix(BELOW)
    closest = next((owners[above] for above in _upwards(domain) if above in owners), None)
    is_closest = not domain or closest == organization_id
    return owners.get(name) == organization_id and is_closest


def _patterns_of(domain: str) -> list[str]:
    return [domain, *(BELOW + parent for parent in _upwards(domain)[1:]), ANY]


def _upwards(domain: str) -> list[str]:
    """Return a domain and all that it is below, itself first."""
    labels = domain.split(".")
    return [".".join(labels[index:]) for index in range(len(labels))]


def _rank(pattern: str) -> tuple[int, int]:
    """Order patterns, the most exact first."""
    if pattern == ANY:
        return 2, 0
    return (1, -len(pattern)) if pattern.startswith(BELOW) else (0, 0)


def _portless(url: str) -> str:
    """Return a loopback URL without the port that it may have; any other as it is."""
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port is not None:
            return url.replace(f":{parts.port}", "", 1)
    except ValueError:
        pass
    return url
