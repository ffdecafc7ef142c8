"""The record of every act."""

import contextvars
import uuid
from contextlib import suppress

import pytest
from django.db import transaction

from jigxmgmt.origin import Origin, enter_origin
from orgs.models import AuditEvent
from orgs.models.audit import Unchangeable
from orgs.services.audit import record_event
from orgs.tests.factories import OrganizationFactory, SolutionFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestRecordEvent:
    def test_says_who_did_what_to_whom_and_what_changed(self) -> None:
        user, solution = UserFactory.create(), SolutionFactory.create(title="Field")

        record_event(
            "solution.change",
            by=user,
            subject=solution,
            organization=solution.organization,
            changes={"title": ("Old", "Field")},
        )

        event = AuditEvent.objects.get()
        assert (event.act, event.actor, event.actor_label) == ("solution.change", user, user.email)
        assert (event.subject_id, event.subject_label) == (str(solution.pk), "Field")
        assert event.organization == solution.organization
        assert event.changes == {"title": ["Old", "Field"]}

    def test_calls_who_runs_a_command_the_operator(self) -> None:
        organization = OrganizationFactory.create()

        event = record_event("x.y", by=None, subject=organization)

        assert (event.actor, event.actor_label, event.changes) == (None, "operator", {})

    def test_says_where_the_work_came_from(self) -> None:
        origin = Origin(address="203.0.113.7", correlation_id=uuid.uuid4())

        event = contextvars.Context().run(self.record_from, origin)

        assert (event.address, event.correlation_id) == (
            origin.address,
            origin.correlation_id,
        )

    def test_has_no_address_outside_a_request(self) -> None:
        first = contextvars.Context().run(self.record_from, None)
        second = contextvars.Context().run(self.record_from, None)

        assert first.address is None
        assert first.correlation_id != second.correlation_id

    def test_cuts_a_long_label(self) -> None:
        organization = OrganizationFactory.build(name="x" * 300)

        assert record_event("x.y", by=None, subject=organization).subject_label == "x" * 254

    def test_outlives_the_person(self) -> None:
        user = UserFactory.create(email="mia@acme.example")
        record_event("x.y", by=user, subject=OrganizationFactory.create())

        identity = user.pk

        user.delete()

        event = AuditEvent.objects.get()
        assert (event.actor_id, event.actor_label) == (identity, "mia@acme.example")

    def test_outlives_the_organization(self) -> None:
        organization = OrganizationFactory.create()
        identity = organization.pk
        record_event("x.y", by=None, subject=organization, organization=organization)

        organization.delete()

        assert AuditEvent.objects.get().organization_id == identity

    def test_is_undone_with_the_act(self) -> None:
        with suppress(ZeroDivisionError), transaction.atomic():
            record_event("x.y", by=None, subject=OrganizationFactory.create())
            raise ZeroDivisionError

        assert not AuditEvent.objects.exists()

    @staticmethod
    def record_from(origin: Origin | None) -> AuditEvent:
        if origin is not None:
            enter_origin(origin)
        return record_event("x.y", by=None, subject=OrganizationFactory.create())


class TestEvent:
    @pytest.fixture
    def event(self) -> AuditEvent:
        return record_event("x.y", by=None, subject=OrganizationFactory.create())

    def test_is_never_changed(self, event: AuditEvent) -> None:
        with pytest.raises(Unchangeable):
            event.save()
        with pytest.raises(Unchangeable):
            AuditEvent.objects.update(act="x.z")
        with pytest.raises(Unchangeable):
            AuditEvent.objects.bulk_update([event], ["act"])

    def test_is_never_deleted(self, event: AuditEvent) -> None:
        with pytest.raises(Unchangeable):
            event.delete()
        with pytest.raises(Unchangeable):
            AuditEvent.objects.all().delete()
