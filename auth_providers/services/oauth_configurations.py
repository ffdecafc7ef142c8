"""An organization's OAuth configurations: saved as one, counted, and kept while they are used."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from auth_providers.models import (
    ConfigurationDomain,
    OAuthConfiguration,
    OutsideGrant,
    SingleSignOn,
)
from auth_providers.models.oauth_configurations import OAuthConfigurationQuerySet
from auth_providers.services.configuration_faults import BELOW, normal_fields
from auth_providers.services.configuration_fields import (
    FIELDS,
    LISTS,
    ConfigurationFields,
    ConfigurationInvalid,
    fields_of,
)
from auth_providers.services.configuration_secret_rules import (
    faults_of_secret,
    leads_elsewhere,
    secret_change,
    secret_to_keep,
)
from auth_providers.services.configuration_secrets import put_client_secret
from auth_providers.services.configuration_uses import uses_of
from auth_providers.services.vault import ready_vault
from jigxmgmt.errors import Conflict, FieldFault, NotFound
from orgs import policies
from orgs.models import Membership, Organization, Solution, User
from orgs.models.pictures import Picture
from orgs.services.audit import record_event
from orgs.services.organization_settings import hold_organization
from orgs.services.pictures import make_picture
from orgs.services.solutions import hold_solution

MOST_CONFIGURATIONS = 100


class ConfigurationGone(NotFound):
    code = "oauth_configuration_unknown"


class KeyTaken(Conflict):
    code = "key_taken"


class TooManyConfigurations(Conflict):
    code = "too_many_oauth_configurations"


class ConfigurationInUse(Conflict):
    code = "configuration_in_use"


def organization_configurations(
    organization: Organization, *, by: User
) -> OAuthConfigurationQuerySet:
    """Return the organization's own configurations; raises NotAllowed."""
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
    own = OAuthConfiguration.objects.of_organization(organization)
    related = own.select_related("organization", "secret_saved_by", "saved_by")
    return related.prefetch_related("domains")


def proved_patterns(organization: Organization, patterns: Iterable[str]) -> set[str]:
    """Return those of the patterns that lead people in from any app, since they are proved."""
    proved = set(organization.domains.proved().values_list("name", flat=True))
    return {pattern for pattern in patterns if pattern.removeprefix(BELOW) in proved}


def save_configuration(
    organization: Organization,
    fields: ConfigurationFields,
    *,
    secret: str | None,
    by: User,
    now: datetime,
    solution: Solution | None = None,
    configuration: OAuthConfiguration | None = None,
) -> OAuthConfiguration:
    """Make a configuration, or put these fields in place of what it says.

    No secret keeps the one that is saved, a blank one takes it away. Whoever changes where it goes
    gives it again, and people's consents end: neither may reach a server that nobody meant.
    Raises NotAllowed, ConfigurationInvalid, ConfigurationGone, KeyTaken, TooManyConfigurations,
    VaultAway or VaultKeyMissing.
    """
    if secret:
        ready_vault(organization)
    with transaction.atomic():
        _require(by, organization, solution)
        kept = _place(organization, solution, configuration)
        _require_say_over_people(kept, by)
        before = fields_of(kept) if configuration else None
        return _put(kept, before, fields, secret=secret, by=by, now=now)


@transaction.atomic
def remove_configuration(configuration: OAuthConfiguration, *, by: User) -> None:
    """End a configuration that nothing uses; consents that were left go with it.

    Raises NotAllowed, ConfigurationGone, or ConfigurationInUse with what uses it.
    """
    organization, solution = configuration.organization, configuration.solution
    _require(by, organization, solution)
    current = _hold(configuration, organization, solution, no_key=False)
    uses = uses_of(current)
    if uses.is_needed:
        sentence = _("%(name)s is in use: %(uses)s.")
        raise ConfigurationInUse(sentence % {"name": current, "uses": uses.in_words()})
    changes: dict[str, tuple[Any, Any]] = {"key": (current.key, None)}
    if uses.connections:
        changes["grants"] = (uses.connections, 0)
    record_event(
        "oauth_configuration.remove",
        by=by,
        subject=current,
        organization=organization,
        changes=changes,
    )
    image = current.image_id
    current.delete()
    if image:
        Picture.objects.filter(pk=image).delete()


@transaction.atomic
def set_configuration_image(
    configuration: OAuthConfiguration, *, uploaded: bytes | None, by: User
) -> OAuthConfiguration:
    """Give it the image that people choose it by, in place of any other; None takes it away.

    Raises NotAllowed, ConfigurationGone or NotAPicture.
    """
    organization, solution = configuration.organization, configuration.solution
    _require(by, organization, solution)
    picture = None if uploaded is None else make_picture(uploaded, is_public=True)
    current = _hold(configuration, organization, solution)
    before = current.image_id
    if before is None and picture is None:
        return current
    current.image = picture
    current.save(update_fields=["image"])
    if before:
        Picture.objects.filter(pk=before).delete()
    change = (str(before) if before else None, str(picture.pk) if picture else None)
    record_event(
        "oauth_configuration.save",
        by=by,
        subject=current,
        organization=organization,
        changes={"image": change},
    )
    return current


def _require(by: User, organization: Organization, solution: Solution | None) -> None:
    if solution is None:
        policies.require(by, policies.Act.SET_UP_ORGANIZATION, organization)
        return
    hold_solution(solution)
    policies.require_in_solution(by, policies.SolutionAct.CONFIGURE, solution)
    if solution.organization_id != organization.pk:
        raise ConfigurationGone(_("There is no such OAuth configuration."))


def _require_say_over_people(kept: OAuthConfiguration, by: User) -> None:
    """Raise NotAllowed where people sign in by it, and `by` may not let people in.

    Whoever names the provider says who is who.
    """
    if SingleSignOn.objects.filter(configurations=kept.pk).exists():
        policies.require_to_grant(by, kept.organization, Membership.Role.USER)


def _require_room(organization: Organization) -> None:
    hold_organization(organization)
    if OAuthConfiguration.objects.of_organization(organization).count() >= MOST_CONFIGURATIONS:
        sentence = _("An organization has at most %(most)s OAuth configurations.")
        raise TooManyConfigurations(sentence % {"most": MOST_CONFIGURATIONS})


def _hold(
    configuration: OAuthConfiguration,
    organization: Organization,
    solution: Solution | None,
    *,
    no_key: bool = True,
) -> OAuthConfiguration:
    """Return the configuration as it stands now, and hold it."""
    rows = OAuthConfiguration.objects.filter(organization=organization, solution=solution)
    held = rows.select_for_update(no_key=no_key).filter(pk=configuration.pk).first()
    if held is None:
        raise ConfigurationGone(_("There is no such OAuth configuration."))
    held.organization = organization
    return held


def _place(
    organization: Organization, solution: Solution | None, configuration: OAuthConfiguration | None
) -> OAuthConfiguration:
    """Return the row that is to be filled: the one that stands there, held, or a new one."""
    if configuration:
        return _hold(configuration, organization, solution)
    if solution is None:
        _require_room(organization)
    return OAuthConfiguration(organization=organization, solution=solution)


def _put(
    kept: OAuthConfiguration,
    before: ConfigurationFields | None,
    fields: ConfigurationFields,
    *,
    secret: str | None,
    by: User,
    now: datetime,
) -> OAuthConfiguration:
    """Put the fields in place of those before, which end consents where they lead elsewhere."""
    fields, secret = _checked(kept, before, fields, secret)
    changes = _changes(before, fields) | secret_change(secret, has_one=kept.has_secret)
    _fill(kept, fields, secret=secret, by=by, now=now)
    if before and leads_elsewhere(before, fields):
        ended, _each = OutsideGrant.objects.filter(configuration=kept).delete()
        changes["grants"] = (ended, 0)
    act = "oauth_configuration.save" if before else "oauth_configuration.create"
    record_event(act, by=by, subject=kept, organization=kept.organization, changes=changes)
    return kept


def _checked(
    kept: OAuthConfiguration,
    before: ConfigurationFields | None,
    fields: ConfigurationFields,
    secret: str | None,
) -> tuple[ConfigurationFields, str | None]:
    """Return fields and secret as they are kept, or raise ConfigurationInvalid with all faults."""
    faults: list[FieldFault] = []
    try:
        is_of_solution = kept.solution_id is not None
        fields = normal_fields(kept.organization, fields, is_of_solution=is_of_solution)
    except ConfigurationInvalid as refusal:
        faults += refusal.faults
    secret = secret_to_keep(secret, fields, has_one=kept.has_secret)
    faults += faults_of_secret(secret, before, fields, has_one=kept.has_secret)
    if faults:
        raise ConfigurationInvalid(_("Some fields are at fault."), faults=faults)
    return fields, secret


def _fill(
    kept: OAuthConfiguration,
    fields: ConfigurationFields,
    *,
    secret: str | None,
    by: User,
    now: datetime,
) -> None:
    """Write the row and its domains; raises KeyTaken."""
    is_new = kept._state.adding
    for name in FIELDS:
        if name not in LISTS:
            setattr(kept, name, getattr(fields, name))
    kept.redirect_urls = list(fields.redirect_urls)
    kept.additional_parameters = dict(fields.additional_parameters)
    kept.saved_by, kept.saved_at = by, now
    if secret is not None:
        put_client_secret(kept, secret, by=by, now=now)
    if not is_new:
        kept.revision = F("revision") + 1
    try:
        with transaction.atomic():
            kept.save()
    except IntegrityError as error:
        sentence = _("Another OAuth configuration has this key.")
        fault = FieldFault("/key", sentence, KeyTaken.code)
        raise KeyTaken(sentence, faults=[fault]) from error
    kept.refresh_from_db(fields=["revision"])
    _fit_domains(kept, fields.domains)


def _fit_domains(kept: OAuthConfiguration, patterns: tuple[str, ...]) -> None:
    known = set(kept.domains.values_list("pattern", flat=True))
    kept.domains.exclude(pattern__in=patterns).delete()
    ConfigurationDomain.objects.bulk_create(
        ConfigurationDomain(configuration=kept, pattern=pattern)
        for pattern in patterns
        if pattern not in known
    )
    # What was prefetched before is not true any more.
    getattr(kept, "_prefetched_objects_cache", {}).pop("domains", None)


def _changes(
    before: ConfigurationFields | None, fields: ConfigurationFields
) -> dict[str, tuple[Any, Any]]:
    """Return what an audit event says: each field that changes, never the secret."""
    earlier = before.as_json() if before else {}
    return {
        name: (earlier.get(name), value)
        for name, value in fields.as_json().items()
        if earlier.get(name) != value
    }
