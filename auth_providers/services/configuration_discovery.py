"""What a provider says of itself, beside what a configuration says of it."""

from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from auth_providers.oidc.metadata import ENDPOINTS, Metadata
from auth_providers.services.configuration_faults import faults_of_ways
from auth_providers.services.configuration_fields import (
    ClientAuthentication,
    ConfigurationFields,
    ConfigurationInvalid,
)
from auth_providers.services.providers import read_discovery
from orgs import policies
from orgs.models import Organization, User

PKCE_METHOD = "S256"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that would change."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Discovery:
    """The fields as the provider would have them; nothing of it is saved."""

    fields: ConfigurationFields
    differences: tuple[Difference, ...]

    def found(self) -> dict[str, Any]:
        """Return the fields that differ, by name."""
        return {difference.field: difference.after for difference in self.differences}


def import_discovery(
    organization: Organization, issuer: str, *, current: ConfigurationFields, by: User
) -> Discovery:
    """Fetch what the issuer says of itself (OpenID Connect Discovery 1.0 4), and compare.

    It waits for the network, so call it in no transaction. Raises NotAllowed, ConfigurationInvalid,
    and what read_discovery does.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    asked = replace(current, issuer=issuer)
    faults = [fault for fault in faults_of_ways(organization, asked) if fault.pointer == "/issuer"]
    if faults or not issuer:
        raise ConfigurationInvalid(_("The issuer can't be asked."), faults=faults)
    found = _found(read_discovery(organization, issuer), current)
    differences = tuple(
        Difference(name, getattr(current, name), value)
        for name, value in found.items()
        if getattr(current, name) != value
    )
    return Discovery(replace(current, **found), differences)


def _found(metadata: Metadata, current: ConfigurationFields) -> dict[str, Any]:
    """Return what the metadata settles.

    Scopes are left alone, since providers list but the most common of theirs; so is PKCE that is
    on, since some know it and don't say so.
    """
    found: dict[str, Any] = {"issuer": metadata.issuer}
    found |= {name: getattr(metadata, name) for name in ENDPOINTS}
    methods = metadata.token_endpoint_auth_methods_supported
    usable = [method for method in ClientAuthentication.values if method in methods]
    if usable and current.client_authentication not in usable:
        found["client_authentication"] = usable[0]
    if PKCE_METHOD in metadata.code_challenge_methods_supported:
        found["uses_pkce"] = True
    return found
