"""Letting in whom an organization's own provider has vouched for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from auth_providers.models import App, OAuthConfiguration, SingleSignOn
from auth_providers.services.admission_rules import Decision, Facts, Would, decide_admission
from auth_providers.services.identities import (
    find_former,
    find_identified,
    issuer_as_known,
    link_identity,
)
from auth_providers.services.providers import Claims
from auth_providers.services.routing import matching_pattern
from jigxmgmt.errors import Conflict, DomainError, NotAllowed, NotFound
from orgs import policies
from orgs.models import MemberRemoval, Membership, Organization, SolutionMember, User
from orgs.services.accepting import accept_vouched_invite, pending_invite
from orgs.services.access_offers import offer_access
from orgs.services.audit import record_event
from orgs.services.domains import speaks_for
from orgs.services.members import hold_membership
from orgs.services.people import NotAnAddress, checked_email, kept_names
from orgs.services.provisioning import Grants, provision_member

Role = Membership.Role
LABEL_LENGTH = 254


class SsoRefused(NotAllowed):
    """One sentence whatever the reason, which the audit log tells; `reason` is its code."""

    code = "sso_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(_("This sign-in was refused. Ask an administrator of your organization."))
        self.reason = reason


class AccessOffered(NotAllowed):
    """Nobody has provisioned this person, who may ask to be let in by the token."""

    code = "access_request_available"

    def __init__(self, request_token: str) -> None:
        super().__init__(_("You have no access yet. You can ask for it."))
        self.members: Mapping[str, str] = {"request_token": request_token}


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody comes back from a provider: what it says of them, and where they want to go."""

    configuration: OAuthConfiguration
    claims: Claims
    now: datetime
    app: App | None = None
    device: str = ""

    @property
    def organization(self) -> Organization:
        return self.configuration.organization

    @property
    def issuer(self) -> str:
        return issuer_as_known(self.configuration, self.claims.issuer)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody who is an active member now, and what that took."""

    user: User
    would: tuple[Would, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a sign-in with these claims would come to, while single sign-on is on.

    `user` is None for somebody without an account here, `reason` the code of a refusal, and
    `matched_domain` the configuration's pattern that the address fits; blank without one.
    """

    user: User | None
    matched_domain: str
    would: tuple[Would, ...]
    reason: str


def admit_claims(
    configuration: OAuthConfiguration,
    claims: Claims,
    *,
    app: App | None,
    now: datetime,
    device: str = "",
) -> Admitted:
    """Let in who these verified claims are about, with what that takes; all of it or nothing.

    To whom it does not let in with an app it offers to ask for access. The console has no app and
    offers nothing. Raises SsoRefused or AccessOffered, which stay recorded.
    """
    visit = Visit(configuration, claims, now, app, device)
    try:
        outcome = _admit(visit)
    except (IntegrityError, Conflict, NotFound):  # another device of theirs, or an admin
        outcome = _admit(visit)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def foresee_admission(
    configuration: OAuthConfiguration, claims: Claims, *, now: datetime
) -> Foreseen:
    """Say what admit_claims would do, whether or not single sign-on is on already."""
    facts = _read_facts(Visit(configuration, claims, now), _settings_of(configuration))
    decision = decide_admission(facts)
    patterns = configuration.domains.values_list("pattern", flat=True)
    matched = matching_pattern(facts.email, patterns) if facts.email else ""
    return Foreseen(facts.person, matched, decision.would, decision.reason)


def refuse_sign_in(
    configuration: OAuthConfiguration, reason: str, *, who: str = "", by: User | None = None
) -> SsoRefused:
    """Record why somebody is not let in, and return the refusal, which does not tell."""
    record_event(
        "single_sign_on.refuse",
        by=by,
        subject=configuration,
        organization=configuration.organization,
        changes={"reason": (None, reason)},
        actor_label=(who or _("Somebody unknown"))[:LABEL_LENGTH],
    )
    return SsoRefused(reason)


@transaction.atomic
def _admit(visit: Visit) -> Admitted | SsoRefused | AccessOffered:
    """Do what is decided; a refusal is returned, so that what it leaves behind stays."""
    settings = _settings_of(visit.configuration)
    if settings is None or not _is_on(settings, visit.configuration):
        return refuse_sign_in(visit.configuration, "not_enabled", who=visit.claims.email)
    facts = _read_facts(visit, settings)
    decision = decide_admission(facts)
    person = _tie(visit, facts, decision, settings)
    if person is None or Would.SIGN_IN not in decision.would:
        return _turn_away(visit, facts, decision)
    if Would.ACCEPT_INVITE in decision.would and facts.invite:
        accept_vouched_invite(facts.invite, user=person, now=visit.now)
    elif Would.CREATE_MEMBER in decision.would:
        _make_member(person, settings, now=visit.now)
    record_event(
        "single_sign_on.admit",
        by=person,
        subject=person,
        organization=visit.organization,
        changes={
            "configuration": (None, visit.configuration.key),
            "did": (None, [act.value for act in decision.would]),
        },
    )
    return Admitted(person, decision.would)


def _settings_of(configuration: OAuthConfiguration) -> SingleSignOn | None:
    found = SingleSignOn.objects.select_related("organization", "creates_as")
    return found.filter(organization=configuration.organization_id).first()


def _is_on(settings: SingleSignOn, configuration: OAuthConfiguration) -> bool:
    return settings.is_enabled and settings.configurations.filter(pk=configuration.pk).exists()


def _read_facts(visit: Visit, settings: SingleSignOn | None) -> Facts:
    organization, claims = visit.organization, visit.claims
    email = _kept(claims.email)
    is_address_proved = claims.is_email_verified and speaks_for(organization, email)
    account, has_proved_address = _account_of(email)
    identified = find_identified(visit.issuer, claims.subject)
    is_owners = _is_owners_word(visit.configuration, settings)
    is_vouched = is_address_proved and has_proved_address
    is_guarded = is_vouched and _is_guarded(account, organization, is_owners=is_owners)
    speaks_for_account = is_vouched and not is_guarded
    person = identified or (account if speaks_for_account else None)
    is_invitable = claims.is_email_verified and email != ""
    invite = pending_invite(organization, email=email, now=visit.now) if is_invitable else None
    if invite and invite.role == Role.OWNER and not is_owners:
        invite = None
    return Facts(
        email=email,
        is_address_proved=is_address_proved,
        identified=identified,
        account=account,
        speaks_for_account=speaks_for_account,
        is_guarded=is_guarded,
        membership=organization.memberships.filter(user=person).first() if person else None,
        was_removed=_was_removed(person or find_former(visit.issuer, claims.subject), organization),
        invite=invite,
        makes_members=settings is not None and _makes_members(settings),
    )


def _is_owners_word(configuration: OAuthConfiguration, settings: SingleSignOn | None) -> bool:
    """Answer whether owners have named the provider, and let it in, as both are now.

    Else an admin could name one of their own, and be an owner by its word.
    """
    savers = {configuration.saved_by_id, settings.saved_by_id if settings else None}
    owners = configuration.organization.memberships.active().owners()
    return owners.filter(user__in=savers - {None}).count() == len(savers)


def _is_guarded(account: User | None, organization: Organization, *, is_owners: bool) -> bool:
    """Answer whether the account opens more than whoever named the provider may give."""
    if account and account.is_staff:
        return True
    return not is_owners and organization.memberships.owners().filter(user=account).exists()


def _account_of(email: str) -> tuple[User | None, bool]:
    """Return who has this address, if anybody, and whether they have proved it."""
    if not email:
        return None, False
    if person := User.objects.who_proved(email):
        return person, True
    return User.objects.filter(email=email).first(), False


def _was_removed(person: User | None, organization: Organization) -> bool:
    if person is None:
        return False
    removals = MemberRemoval.objects.by_others()
    return removals.filter(organization=organization, user=person).exists()


def _makes_members(settings: SingleSignOn) -> bool:
    """Answer whether members are made, and in whose name they are made still may let them in."""
    by = settings.creates_as
    if not settings.creates_members or by is None:
        return False
    return policies.can_grant(by, settings.organization, Role.USER)


def _tie(visit: Visit, facts: Facts, decision: Decision, settings: SingleSignOn) -> User | None:
    """Return whose sign-in it is, tied to the identity, with an account if that is decided."""
    person = facts.person
    if Would.CREATE_ACCOUNT in decision.would:
        is_invited = Would.ACCEPT_INVITE in decision.would
        person = _make_account(visit, facts, by=None if is_invited else settings.creates_as)
    if person and not facts.identified and Would.REFUSE not in decision.would:
        subject = visit.claims.subject
        if facts.membership:
            hold_membership(person, visit.organization)
        link_identity(person, issuer=visit.issuer, subject=subject, by=person)
    return person


def _make_account(visit: Visit, facts: Facts, *, by: User | None) -> User:
    """Make the account of somebody new, whose address is proved only by a proved domain."""
    user = User.objects.create_user(
        facts.email, **kept_names(visit.claims.first_name, visit.claims.last_name)
    )
    EmailAddress.objects.create(
        user=user, email=user.email, primary=True, verified=facts.is_address_proved
    )
    record_event("user.create", by=by or user, subject=user, organization=visit.organization)
    return user


def _make_member(person: User, settings: SingleSignOn, *, now: datetime) -> None:
    grants = Grants(
        role=Role.USER,
        solutions=dict.fromkeys(settings.solutions.all(), SolutionMember.Role.USER),
        groups=list(settings.groups.select_related("solution")),
    )
    by, organization = settings.creates_as, settings.organization
    provision_member(person, organization=organization, grants=grants, by=by, now=now)


def _turn_away(visit: Visit, facts: Facts, decision: Decision) -> SsoRefused | AccessOffered:
    """Refuse, or give an app the token with which its person asks to be let in."""
    person = facts.person
    refused = refuse_sign_in(visit.configuration, decision.reason, who=facts.email, by=person)
    if visit.app is None or Would.OFFER_ACCESS not in decision.would:
        return refused
    token = offer_access(
        visit.organization,
        email=facts.email or (person.email if person else ""),
        issuer=visit.issuer,
        subject=visit.claims.subject,
        device=visit.device,
        now=visit.now,
        **kept_names(visit.claims.first_name, visit.claims.last_name),
    )
    return AccessOffered(token)


def _kept(email: str) -> str:
    """Return an address as it is kept; nothing for what is none."""
    try:
        return checked_email(email)
    except NotAnAddress:
        return ""
