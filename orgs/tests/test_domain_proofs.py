from datetime import datetime, timedelta
from functools import partial

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from jigxmgmt.errors import DomainError, NotAllowed
from orgs.models import AuditEvent, Domain, Membership
from orgs.services.domain_proofs import (
    ProvedByAnother,
    check_domain,
    prove_domain,
    recheck_domains,
)
from orgs.services.domains import set_join_policy
from orgs.tests.factories import DomainFactory, MembershipFactory, OrganizationFactory
from orgs.tests.name_server import NameServer
from orgs.tests.races import all_at_once

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def domain(owner: Membership) -> Domain:
    return DomainFactory.create(organization=owner.organization, name="acme.example")


@pytest.fixture
def proved(domain: Domain, owner: Membership, name_server: NameServer, now: datetime) -> Domain:
    """The same domain, proved by the DNS and open to everybody at it."""
    publish(domain, name_server)
    check_domain(domain, by=owner.user, now=now)
    return set_join_policy(domain, policy=Domain.JoinPolicy.AUTOMATIC, by=owner.user)


def publish(domain: Domain, name_server: NameServer) -> None:
    name_server.texts[domain.proof_name] = ["v=something else", domain.proof_value]


class TestCheckDomain:
    def test_proves_a_domain_whose_record_stands(
        self, domain: Domain, owner: Membership, name_server: NameServer, now: datetime
    ) -> None:
        publish(domain, name_server)

        checked = check_domain(domain, by=owner.user, now=now)

        domain.refresh_from_db()
        assert (domain.proved_at, domain.proved_by) == (now, Domain.ProvedBy.DNS)
        assert (domain.checked_at, domain.failed_checks) == (now, 0)
        assert checked.finding == domain.finding == "The record was found."
        assert AuditEvent.objects.get(act="domain.prove").actor == owner.user

    @pytest.mark.parametrize(
        ("texts", "finding"),
        [
            (None, "There is no such name in the DNS."),
            ([], "The name is there, but it has no TXT record."),
            (["v=spf1\n-all"], "Only other TXT records were found there: “v=spf1?-all”."),
        ],
    )
    def test_says_what_was_found_instead(
        self,
        domain: Domain,
        owner: Membership,
        name_server: NameServer,
        now: datetime,
        texts: list[str] | None,
        finding: str,
    ) -> None:
        if texts is not None:
            name_server.texts[domain.proof_name] = texts

        checked = check_domain(domain, by=owner.user, now=now)

        assert checked.finding == finding
        assert (checked.is_proved, checked.checked_at, checked.failed_checks) == (False, now, 1)
        assert not AuditEvent.objects.exists()

    def test_finds_no_use_in_a_record_of_another_organization(
        self, domain: Domain, owner: Membership, name_server: NameServer, now: datetime
    ) -> None:
        other = DomainFactory.create(name=domain.name)
        publish(other, name_server)

        assert not check_domain(domain, by=owner.user, now=now).is_proved

    def test_says_that_no_server_answers(
        self, domain: Domain, owner: Membership, name_server: NameServer, now: datetime
    ) -> None:
        name_server.fails = True

        checked = check_domain(domain, by=owner.user, now=now)

        assert checked.finding == "The name servers of the domain did not answer."

    def test_is_refused_where_another_organization_was_first(
        self, domain: Domain, owner: Membership, name_server: NameServer, now: datetime
    ) -> None:
        DomainFactory.create(name=domain.name, proved=True)
        publish(domain, name_server)

        with pytest.raises(ProvedByAnother):
            check_domain(domain, by=owner.user, now=now)

        domain.refresh_from_db()
        assert not domain.is_proved
        assert domain.finding.startswith("Another organization here has already proved")

    def test_takes_no_proof_away_and_puts_the_daily_check_off_by_nothing(
        self, proved: Domain, owner: Membership, name_server: NameServer, now: datetime
    ) -> None:
        name_server.texts.clear()

        for hour in range(4):
            check_domain(proved, by=owner.user, now=now + timedelta(hours=hour))

        proved.refresh_from_db()
        assert proved.is_proved
        assert (proved.checked_at, proved.failed_checks) == (now, 0)
        assert proved.finding == "There is no such name in the DNS."

    def test_asks_nobody_for_whom_it_is_not(
        self, domain: Domain, name_server: NameServer, now: datetime
    ) -> None:
        creator = MembershipFactory.create(organization=domain.organization, creator=True)

        with pytest.raises(NotAllowed):
            check_domain(domain, by=creator.user, now=now)

        assert name_server.asked == []


class TestProveDomain:
    def test_is_the_operators_word(self, domain: Domain) -> None:
        said = call_command("prove_domain", "ACME.example", organization=domain.organization.name)

        domain.refresh_from_db()
        assert domain.proved_by == Domain.ProvedBy.OPERATOR
        assert said == f"acme.example is proved for {domain.organization}"
        event = AuditEvent.objects.get(act="domain.prove")
        assert (event.actor_label, event.changes["proved_by"]) == ("operator", ["", "OPERATOR"])

    def test_names_the_domain_if_need_be(self, now: datetime) -> None:
        organization = OrganizationFactory.create()

        domain = prove_domain(organization, name="acme.example", by=None, now=now)

        assert domain == Domain.objects.get(organization=organization)
        assert domain.is_proved

    def test_is_refused_where_another_organization_was_first(self, domain: Domain) -> None:
        DomainFactory.create(name=domain.name, proved=True)

        with pytest.raises(CommandError, match="Another organization"):
            call_command("prove_domain", domain.name, organization=domain.organization.name)

    def test_stays_whatever_the_dns_says(
        self, domain: Domain, owner: Membership, name_server: NameServer, now: datetime
    ) -> None:
        prove_domain(domain.organization, name=domain.name, by=None, now=now)
        publish(domain, name_server)
        check_domain(domain, by=owner.user, now=now)
        name_server.texts.clear()

        for day in range(1, 5):
            recheck_domains(now=now + day * DAY)

        domain.refresh_from_db()
        assert domain.proved_by == Domain.ProvedBy.OPERATOR


class TestRecheckDomains:
    def test_ends_a_proof_that_is_missing_for_three_days(
        self,
        proved: Domain,
        owner: Membership,
        name_server: NameServer,
        now: datetime,
        mailoutbox: list[EmailMessage],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        MembershipFactory.create(organization=proved.organization, admin=True)
        name_server.texts.clear()

        with django_capture_on_commit_callbacks(execute=True):
            lost = [recheck_domains(now=now + day * DAY).lost for day in (1, 2, 3)]

        proved.refresh_from_db()
        assert lost == [0, 0, 1]
        assert not proved.is_proved
        assert proved.join_policy == Domain.JoinPolicy.REQUEST
        event = AuditEvent.objects.get(act="domain.lose_proof")
        assert event.changes["join_policy"] == ["AUTOMATIC", "REQUEST"]
        assert [mail.to for mail in mailoutbox] == [[owner.user.email]]
        assert "acme.example" in mailoutbox[0].subject

    def test_begins_to_count_again_once_the_record_is_back(
        self, proved: Domain, name_server: NameServer, now: datetime
    ) -> None:
        for day in range(1, 7):
            name_server.texts.clear()
            if day == 3:
                publish(proved, name_server)
            recheck_domains(now=now + day * DAY)
            proved.refresh_from_db()
            assert proved.is_proved == (day < 6)

    def test_takes_silence_for_no_sign(
        self, proved: Domain, name_server: NameServer, now: datetime
    ) -> None:
        name_server.fails = True

        for day in range(1, 5):
            recheck_domains(now=now + day * DAY)

        proved.refresh_from_db()
        assert proved.is_proved

    def test_looks_once_a_day(self, proved: Domain, name_server: NameServer, now: datetime) -> None:
        name_server.asked.clear()

        for hours in (6, 18, 24, 30):
            recheck_domains(now=now + timedelta(hours=hours))

        assert len(name_server.asked) == 1

    def test_finds_what_was_put_there_since(
        self, domain: Domain, name_server: NameServer, now: datetime
    ) -> None:
        publish(domain, name_server)

        rechecked = recheck_domains(now=now)

        domain.refresh_from_db()
        assert (rechecked.checked, domain.is_proved) == (1, True)

    def test_waits_two_weeks_for_a_first_record(
        self, domain: Domain, name_server: NameServer, now: datetime
    ) -> None:
        recheck_domains(now=domain.created_at + 15 * DAY)

        assert name_server.asked == []

    def test_goes_on_past_a_domain_that_another_has(
        self, domain: Domain, name_server: NameServer, now: datetime
    ) -> None:
        DomainFactory.create(name=domain.name, proved=True, checked_at=now)
        publish(domain, name_server)
        later = DomainFactory.create(name="later.example")
        publish(later, name_server)

        said = call_command("recheck_domains")

        later.refresh_from_db()
        assert later.is_proved
        assert said == "2 checked, 0 no longer proved"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_lets_one_organization_prove_a_name(self, name_server: NameServer) -> None:
        owners = MembershipFactory.create_batch(2, owner=True)
        rivals = [
            DomainFactory.create(organization=owner.organization, name="acme.example")
            for owner in owners
        ]
        name_server.texts[rivals[0].proof_name] = [rival.proof_value for rival in rivals]

        now = timezone.now()
        outcomes = all_at_once(
            [
                partial(check_domain, rival, by=owner.user, now=now)
                for owner, rival in zip(owners, rivals, strict=True)
            ],
            meeting='UPDATE "orgs_domain"',
        )

        refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
        assert [refusal.code for refusal in refused] == ["proved_by_another"]
        assert Domain.objects.proved().count() == 1
        assert AuditEvent.objects.filter(act="domain.prove").count() == 1
