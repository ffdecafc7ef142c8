"""The chains of audit events: what they prove, and what they find."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from orgs.models import AuditChain, AuditEvent, AuditLink, AuditWait, Organization
from orgs.services.audit import record_event, record_events
from orgs.services.audit_chain import link_all_events, link_events
from orgs.tasks import run_command
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organization:
    return OrganizationFactory.create(name="Acme")


def record(organization: Organization | None, *, times: int = 1) -> list[AuditEvent]:
    subject = organization or OrganizationFactory.create()
    return [
        record_event("x.y", by=None, subject=subject, organization=organization)
        for _ in range(times)
    ]


def numbers(scope: object) -> list[int]:
    return list(AuditLink.objects.filter(scope=str(scope)).values_list("number", flat=True))


def rewrite(sql: str, *parameters: int) -> None:
    """Do what no code of ours does: change the rows behind the models."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def verify(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("verify_audit_log", *arguments, stdout=output)
    return output.getvalue().split()


class TestLinkAfterCommit:
    def test_gives_each_event_its_place(
        self, acme: Organization, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            record(acme, times=2)
            record(None)

        assert numbers(acme.pk) == [1, 2]
        assert numbers("installation") == [1]
        assert not AuditWait.objects.exists()

    def test_is_scheduled_once_a_chain(
        self, acme: Organization, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks() as scheduled:
            record(acme, times=3)
            record(None, times=2)

        assert len(scheduled) == 2

    def test_is_scheduled_anew_after_a_part_was_undone(
        self, acme: Organization, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            with suppress(ZeroDivisionError), transaction.atomic():
                record(acme)
                raise ZeroDivisionError
            record(acme)

        assert numbers(acme.pk) == [1]


class TestLinkEvents:
    def test_goes_on_where_the_chain_ends(self, acme: Organization) -> None:
        record(acme, times=2)
        link_events(str(acme.pk))
        record(acme)

        assert link_events(str(acme.pk)) == 1

        assert numbers(acme.pk) == [1, 2, 3]
        end = AuditChain.objects.get()
        assert (end.length, end.digest) == (3, AuditLink.objects.get(number=3).digest)

    def test_takes_any_number(self, acme: Organization) -> None:
        record_events("x.y", by=None, subjects=[(acme, {})] * 1200, organization=acme)

        assert link_events(str(acme.pk)) == 1200

        assert verify()[0].startswith(f"{acme.pk}:1200:")

    def test_is_done_by_the_clock_for_what_was_left_behind(self, acme: Organization) -> None:
        record(acme)
        record(None)

        run_command(name="link_audit_events")

        assert numbers(acme.pk) == numbers("installation") == [1]


class TestVerifyAuditLog:
    @pytest.fixture
    def events(self, acme: Organization) -> list[AuditEvent]:
        events = record(acme, times=4)
        link_all_events()
        return events

    def test_prints_the_end_of_each_chain(self, events: list[AuditEvent]) -> None:
        record(None)

        lines = verify()

        ends = {str(end.scope): f"{end.length}:{end.digest}" for end in AuditChain.objects.all()}
        assert lines == sorted(f"{scope}:{end}" for scope, end in ends.items())
        assert len(lines) == 2

    @pytest.mark.parametrize("name", ["Acme", "{acme.pk}"])
    def test_looks_at_one_organization(
        self, events: list[AuditEvent], acme: Organization, name: str
    ) -> None:
        record(None)

        (line,) = verify("--organization", name.format(acme=acme))

        assert line.startswith(f"{acme.pk}:4:")

    def test_finds_an_event_that_was_changed(self, events: list[AuditEvent]) -> None:
        rewrite("UPDATE orgs_auditevent SET act = 'x.z' WHERE act = 'x.y'")

        with pytest.raises(CommandError, match=r"Event 1 of .* was changed"):
            verify()

    @pytest.mark.parametrize("number", [2, 4])
    def test_finds_that_one_is_missing(self, events: list[AuditEvent], number: int) -> None:
        rewrite("DELETE FROM orgs_auditlink WHERE number = %s", number)

        with pytest.raises(CommandError, match=f"Event {number} of .* is missing"):
            verify()

    def test_finds_that_the_end_was_moved_back(self, events: list[AuditEvent]) -> None:
        third = AuditLink.objects.get(number=3)
        AuditChain.objects.update(length=3, digest=third.digest)

        with pytest.raises(CommandError, match=r"Event 4 of .* was inserted behind the end"):
            verify()

    def test_finds_an_event_that_no_act_left(self, events: list[AuditEvent]) -> None:
        smuggled = AuditEvent.objects.create(
            act="x.y", subject_id="", correlation_id=events[0].correlation_id
        )

        with pytest.raises(CommandError, match=f"Event {smuggled.pk} was inserted"):
            verify()

    def test_finds_a_link_that_was_put_in(self, events: list[AuditEvent]) -> None:
        rewrite("UPDATE orgs_auditlink SET number = number + 10 WHERE number > 2")
        rewrite("UPDATE orgs_auditlink SET number = 3 WHERE number = 14")

        with pytest.raises(CommandError, match=r"Event 3 of .* was changed or inserted"):
            verify()

    def test_finds_a_chain_that_was_rebuilt(self, events: list[AuditEvent]) -> None:
        (noted,) = verify()
        rewrite("UPDATE orgs_auditevent SET act = 'x.z'")
        rewrite("INSERT INTO orgs_auditwait SELECT event_id, scope FROM orgs_auditlink")
        rewrite("DELETE FROM orgs_auditlink")
        AuditChain.objects.all().delete()
        verify()

        with pytest.raises(CommandError, match=r"Event 4 of .* is not the one that was noted"):
            verify("--expect", noted)

    def test_finds_a_chain_that_is_gone(self, events: list[AuditEvent]) -> None:
        (noted,) = verify()
        rewrite("DELETE FROM orgs_auditlink")
        rewrite("DELETE FROM orgs_auditevent")
        AuditChain.objects.all().delete()

        with pytest.raises(CommandError, match=r"Event 4 of .* was noted, and the chain has 0"):
            verify("--expect", noted)

    def test_holds_to_each_note_of_one_place(self, events: list[AuditEvent]) -> None:
        (noted,) = verify()
        other = noted.rpartition(":")[0] + f":{'0' * 64}"

        with pytest.raises(CommandError, match=r"Event 4 of .* is not the one that was noted"):
            verify("--expect", other, "--expect", noted)

    def test_is_content_with_what_was_noted(self, events: list[AuditEvent]) -> None:
        (noted,) = verify()
        record(events[0].organization)

        assert len(verify("--expect", noted)) == 1

    def test_refuses_what_is_no_place(self) -> None:
        with pytest.raises(CommandError, match="SCOPE:NUMBER:DIGEST"):
            verify("--expect", "nonsense")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_make_one_unbroken_chain(self, acme: Organization) -> None:
        together = threading.Barrier(8)

        def act(_: int) -> None:
            together.wait(timeout=10)
            try:
                record(acme, times=5)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(act, range(8)))

        assert numbers(acme.pk) == list(range(1, 41))
        assert AuditEvent.objects.count() == 40
        assert not AuditWait.objects.exists()
        assert verify()[0].startswith(f"{acme.pk}:40:")
