"""What has to hold of an organization's single sign-on before it is saved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration, SingleSignOn, TestSignIn
from jigxmgmt.errors import FieldFault, Invalid, pointer
from orgs.models import Membership, Organization, Solution, SolutionGroup, User
from orgs.policies import OWNERS_AND_ADMINS

Fault = FieldFault


class SettingsInvalid(Invalid):
    code = "single_sign_on_invalid"


@dataclass(frozen=True, slots=True)
class SignOnFields:
    """All that is said of an organization's single sign-on; what is left out is off."""

    is_enabled: bool = False
    configurations: Sequence[OAuthConfiguration] = ()
    creates_members: bool = False
    creates_as: User | None = None
    solutions: Sequence[Solution] = ()
    groups: Sequence[SolutionGroup] = ()
    is_required: bool = False
    break_glass: Sequence[Membership] = ()

    @classmethod
    def kept(cls, settings: SingleSignOn) -> Self:
        """Return what is saved."""
        return cls(
            is_enabled=settings.is_enabled,
            configurations=list(settings.configurations.all()),
            creates_members=settings.creates_members,
            creates_as=settings.creates_as,
            solutions=list(settings.solutions.all()),
            groups=list(settings.groups.select_related("solution")),
            is_required=settings.is_required,
            break_glass=list(settings.break_glass.select_related("user")),
        )

    def created_by(self, person: User) -> Self:
        return replace(self, creates_as=person)

    def disabled(self) -> Self:
        return replace(self, is_enabled=False, is_required=False)


def faults_of(
    current: SingleSignOn, fields: SignOnFields, *, by: User, came_by_it: bool
) -> list[Fault]:
    """Return what is wrong with the settings that are to follow the current ones."""
    return [
        *_configuration_faults(current, fields, by),
        *_creation_faults(current, fields),
        *_emergency_faults(current, fields),
        *_requirement_faults(current, fields, by, came_by_it=came_by_it),
    ]


def tested_by(user: User, configurations: Sequence[OAuthConfiguration]) -> set[OAuthConfiguration]:
    """Return those that the person has signed in by, as they are now."""
    tests = TestSignIn.objects.filter(configuration__in=configurations, user=user, refusal="")
    passed = set(tests.values_list("configuration", "revision"))
    return {known for known in configurations if (known.pk, known.revision) in passed}


def has_own_means(user: User) -> bool:
    """Answer whether the person can come in without any provider: by password or passkey."""
    if user.has_usable_password():
        return True
    keys = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return any(key.wrap().is_passwordless for key in keys)


def _configuration_faults(current: SingleSignOn, fields: SignOnFields, by: User) -> Iterator[Fault]:
    """Enabling takes a test of each by who enables; later, of those that are added alone."""
    before = set(current.configurations.all()) if current.is_enabled else set()
    tested = tested_by(by, fields.configurations)
    for index, configuration in enumerate(fields.configurations):
        here = pointer("configurations", index)
        if not _is_own(configuration, current):
            yield Fault(here, _("There is no such configuration."), "configuration_unknown")
        elif not configuration.issuer:
            sentence = _("%(name)s has no issuer, so it can't say who somebody is.")
            yield Fault(here, sentence % {"name": configuration}, "issuer_missing")
        elif fields.is_enabled and configuration not in before | tested:
            sentence = _("Test the sign-in by %(name)s yourself first, as it is now.")
            yield Fault(here, sentence % {"name": configuration}, "test_missing")
    if fields.is_enabled and not fields.configurations:
        sentence = _("Choose at least one configuration.")
        yield Fault("/configurations", sentence, "configuration_missing")


def _is_own(configuration: OAuthConfiguration, settings: SingleSignOn) -> bool:
    is_the_organizations = configuration.organization_id == settings.organization_id
    return is_the_organizations and configuration.solution_id is None


def _creation_faults(current: SingleSignOn, fields: SignOnFields) -> Iterator[Fault]:
    if not fields.creates_members:
        return
    governing = current.organization.memberships.active().filter(role__in=OWNERS_AND_ADMINS)
    if not governing.filter(user=fields.creates_as).exists():
        sentence = _("Choose an owner or admin who is active.")
        yield Fault("/creates_as", sentence, "not_an_admin")


def _emergency_faults(current: SingleSignOn, fields: SignOnFields) -> Iterator[Fault]:
    chosen = [membership.pk for membership in fields.break_glass]
    owners = current.organization.memberships.active().owners().filter(pk__in=chosen)
    able = {owner.pk for owner in owners.select_related("user") if has_own_means(owner.user)}
    for index, membership in enumerate(fields.break_glass):
        if membership.pk not in able:
            sentence = _("Choose an active owner who has a password or a passkey.")
            yield Fault(pointer("break_glass", index), sentence, "not_an_owner")


def _requirement_faults(
    current: SingleSignOn, fields: SignOnFields, by: User, *, came_by_it: bool
) -> Iterator[Fault]:
    if not fields.is_required:
        return
    if not fields.is_enabled:
        yield Fault("/is_required", _("Enable single sign-on to require it."), "not_enabled")
    if not fields.break_glass:
        sentence = _("Choose at least one owner for emergencies.")
        yield Fault("/break_glass", sentence, "break_glass_missing")
    is_new = not current.is_required or set(fields.break_glass) != set(current.break_glass.all())
    is_spared = any(membership.user_id == by.pk for membership in fields.break_glass)
    if is_new and not is_spared and not came_by_it:
        sentence = _(
            "Sign in by single sign-on before you require it, or be one of the owners for "
            "emergencies: else you would shut yourself out."
        )
        yield Fault("/is_required", sentence, "shuts_you_out")
    if is_new and _leaves_out_owners(current.organization, fields, by):
        sentence = _("Only an owner may leave other owners out of those for emergencies.")
        yield Fault("/break_glass", sentence, "owner_left_out")


def _leaves_out_owners(organization: Organization, fields: SignOnFields, by: User) -> bool:
    """Answer whether somebody else takes an owner's own way in, which changes who owns."""
    owners = organization.memberships.active().owners()
    if owners.filter(user=by).exists():
        return False
    left_out = owners.exclude(pk__in=[membership.pk for membership in fields.break_glass])
    return any(has_own_means(owner.user) for owner in left_out.select_related("user"))
