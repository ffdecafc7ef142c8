"""Whether a domain is the organization's: proved by the DNS or by an operator, and again daily."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import Conflict
from orgs import policies, tasks
from orgs.dns import Outcome, Texts, find_texts
from orgs.models import Domain, Organization, User
from orgs.services.audit import Changes, record_event
from orgs.services.domain_names import normal_domain
from orgs.services.domains import DomainGone, hold_domain

FAILED_CHECKS_LEFT = 3
LOOKUPS_AT_ONCE = 16
# Words about what stands at the name; the rest would not help to find the mistake.
SHOWN_VALUES = 3
SHOWN_LENGTH = 80


class ProvedByAnother(Conflict):
    code = "proved_by_another"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """How many domains the clock looked at, and how many proofs ended by it."""

    checked: int
    lost: int


def check_domain(domain: Domain, *, by: User, now: datetime) -> Domain:
    """Look for the record in the DNS now, and take the domain as proved where it stands.

    What does not stand there takes no proof away: only the daily checks do.
    Raises NotAllowed, DomainGone or ProvedByAnother.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, domain.organization)
    texts = find_texts(domain.proof_name)
    return _record_check(domain, texts, by=by, now=now)


def prove_domain(
    organization: Organization, *, name: str, by: User | None, now: datetime
) -> Domain:
    """Take a domain as the organization's on an operator's word, where the DNS can't prove it.

    For operators. Raises NotADomain, PublicMailDomain or ProvedByAnother.
    """
    domain = Domain(organization=organization, name=normal_domain(name), created_at=now)
    try:
        with transaction.atomic():
            kept, _is_new = Domain.objects.get_or_create(
                organization=organization, name=domain.name, defaults={"created_at": now}
            )
            current = hold_domain(kept)
            _mark_proved(current, proof=Domain.ProvedBy.OPERATOR, by=by, now=now)
    except IntegrityError as error:
        raise _proved_by_another(domain) from error
    return current


def recheck_domains(*, now: datetime) -> Rechecked:
    """Look again at every domain that is due, many at once; for the clock."""
    due = list(Domain.objects.due(now).select_related("organization"))
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as threads:
        found = threads.map(find_texts, [domain.proof_name for domain in due])
        lost = sum(
            _recheck(domain, texts, now=now) for domain, texts in zip(due, found, strict=True)
        )
    return Rechecked(checked=len(due), lost=lost)


def _recheck(domain: Domain, texts: Texts, *, now: datetime) -> bool:
    """Record a daily check; true when it took the proof away."""
    if domain.proof_value in texts.values or not domain.is_proved:
        with suppress(ProvedByAnother, DomainGone):
            _record_check(domain, texts, by=None, now=now)
        return False
    return _record_missing_proof(domain, texts, now=now)


def _record_check(domain: Domain, texts: Texts, *, by: User | None, now: datetime) -> Domain:
    try:
        with transaction.atomic():
            current = hold_domain(domain)
            if domain.proof_value in texts.values:
                _mark_proved(current, proof=Domain.ProvedBy.DNS, by=by, now=now)
            else:
                _note(current, _finding(texts), now=now)
    except IntegrityError as error:  # the constraint decides the race
        refusal = _proved_by_another(domain)
        with transaction.atomic():
            _note(hold_domain(domain), refusal.detail, now=now)
        raise refusal from error
    return current


def _mark_proved(domain: Domain, *, proof: Domain.ProvedBy, by: User | None, now: datetime) -> None:
    """Record that the proof stands; raises IntegrityError where another organization has it."""
    before = domain.proved_by
    domain.failed_checks = 0
    if proof == Domain.ProvedBy.DNS:
        domain.checked_at, domain.finding = now, _("The record was found.")
    if before != Domain.ProvedBy.OPERATOR:  # whose word holds, whatever the DNS says
        domain.proved_at, domain.proved_by = domain.proved_at or now, proof
    domain.save()
    if before != domain.proved_by:
        _record("domain.prove", domain, by=by, changes={"proved_by": (before, domain.proved_by)})


def _note(domain: Domain, finding: str, *, now: datetime) -> None:
    """Keep what a check found that proves nothing.

    Of a proved domain only the words: its clock and its count are the daily check's, which
    somebody could put off for ever by looking in between.
    """
    domain.finding = finding
    if not domain.is_proved:
        domain.checked_at = now
        domain.failed_checks += 1
    domain.save()


@transaction.atomic
def _record_missing_proof(domain: Domain, texts: Texts, *, now: datetime) -> bool:
    """Count a daily check that did not find the record; the third in a row ends the proof.

    Name servers that do not answer say nothing about whose the domain is, so they count for
    nothing.
    """
    try:
        current = hold_domain(domain)
    except DomainGone:
        return False
    if current.checked_at != domain.checked_at:  # somebody was quicker, or found it
        return False
    current.finding, current.checked_at = _finding(texts), now
    current.failed_checks += texts.outcome != Outcome.NO_ANSWER
    is_lost = current.failed_checks >= FAILED_CHECKS_LEFT
    if is_lost:
        _take_proof_away(current)
    current.save()
    return is_lost


def _take_proof_away(domain: Domain) -> None:
    changes = {"proved_by": (domain.proved_by, ""), "failed_checks": (0, domain.failed_checks)}
    if domain.join_policy == Domain.JoinPolicy.AUTOMATIC:
        domain.join_policy = Domain.JoinPolicy.REQUEST
        changes["join_policy"] = (Domain.JoinPolicy.AUTOMATIC.value, domain.join_policy.value)
    domain.proved_at, domain.proved_by, domain.failed_checks = None, "", 0
    _record("domain.lose_proof", domain, by=None, changes=changes)
    owners = domain.organization.memberships.active().owners()
    for user_id in owners.values_list("user", flat=True):
        tasks.send_proof_lost.delay_on_commit(domain_id=str(domain.pk), user_id=str(user_id))


def _finding(texts: Texts) -> str:
    """Say what stands at the name in place of the record."""
    if texts.outcome == Outcome.FOUND:
        shown = ", ".join(f"“{_printable(value)}”" for value in texts.values[:SHOWN_VALUES])
        return _("Only other TXT records were found there: %(values)s.") % {"values": shown}
    sentences = {
        Outcome.NO_SUCH_NAME: _("There is no such name in the DNS."),
        Outcome.NO_TEXTS: _("The name is there, but it has no TXT record."),
        Outcome.NO_ANSWER: _("The name servers of the domain did not answer."),
    }
    return sentences[texts.outcome]


def _printable(value: str) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in value[:SHOWN_LENGTH])
    return shown + ("…" if len(value) > SHOWN_LENGTH else "")


def _proved_by_another(domain: Domain) -> ProvedByAnother:
    return ProvedByAnother(
        _("Another organization here has already proved that %(name)s is theirs.")
        % {"name": domain.name}
    )


def _record(act: str, domain: Domain, *, by: User | None, changes: Changes) -> None:
    record_event(act, by=by, subject=domain, organization=domain.organization, changes=changes)
