"""Audit events as a file, and as a list for programs."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from jigxmgmt.errors import NotAllowed
from jigxmgmt.origin import Origin, enter_origin
from orgs.http import StreamedFile
from orgs.models import AuditEvent, AuditLink, Membership, Organization, User
from orgs.services.audit import record_event, record_events
from orgs.services.audit_export import ExportFormat, export_events
from orgs.services.audit_log import Narrowing, events_of
from orgs.tests.factories import MembershipFactory, SolutionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return MembershipFactory.create(admin=True, organization__name="Acme").user


@pytest.fixture
def acme(admin: User) -> Organization:
    return Organization.objects.get()


def exported(acme: Organization, by: User, wanted: str = "json", **narrowing: Any) -> str:
    pieces = export_events(
        acme, wanted=ExportFormat(wanted), narrowing=Narrowing(**narrowing), by=by
    )
    return b"".join(pieces).decode()


def record(acme: Organization, act: str = "x.y", by: User | None = None, **more: Any) -> AuditEvent:
    enter_origin(Origin())  # each comes from a request of its own
    return record_event(act, by=by, subject=more.pop("subject", acme), organization=acme, **more)


class TestEventsOf:
    @pytest.fixture
    def events(self, acme: Organization, admin: User) -> dict[str, AuditEvent]:
        return {
            "admit": record(acme, "member.admit", admin),
            "set_role": record(acme, "member.set_role"),
            "create": record(
                acme, "solution.create", subject=SolutionFactory.create(title="Field")
            ),
        }

    @pytest.mark.parametrize(
        ("narrowing", "found"),
        [
            ({}, {"admit", "set_role", "create"}),
            ({"act": "member.admit"}, {"admit"}),
            ({"act": "member"}, {"admit", "set_role"}),
            ({"act": "mem"}, set()),
            ({"actor": "admin"}, {"admit"}),
            ({"subject": "create"}, {"create"}),
            ({"correlation": "set_role"}, {"set_role"}),
            ({"search": "fIEL"}, {"create"}),
            ({"search": "operat", "act": "member"}, {"set_role"}),
        ],
    )
    def test_are_those_that_are_wanted(
        self,
        events: dict[str, AuditEvent],
        acme: Organization,
        admin: User,
        narrowing: Mapping[str, str],
        found: set[str],
    ) -> None:
        meant: dict[str, Callable[[str], object]] = {
            "actor": lambda _: admin.pk,
            "subject": lambda name: events[name].subject_id,
            "correlation": lambda name: events[name].correlation_id,
        }
        wanted: dict[str, Any] = {key: meant.get(key, str)(word) for key, word in narrowing.items()}

        shown = set(events_of(acme, narrowing=Narrowing(**wanted), by=admin))

        assert shown == {events[name] for name in found}

    def test_are_of_a_time(self, acme: Organization, admin: User) -> None:
        moment = record(acme).created_at
        later = moment + timedelta(microseconds=1)

        def number(**narrowing: Any) -> int:
            return events_of(acme, narrowing=Narrowing(**narrowing), by=admin).count()

        assert (number(since=moment, until=later), number(until=moment)) == (1, 0)
        assert number(since=later) == 0

    def test_are_of_this_organization(self, acme: Organization, admin: User) -> None:
        record(MembershipFactory.create().organization)
        record_event("x.y", by=admin, subject=admin)

        assert not events_of(acme, narrowing=Narrowing(), by=admin).exists()

    @pytest.mark.parametrize("role", ["CREATOR", "USER"])
    def test_are_for_owners_and_admins(self, acme: Organization, role: str) -> None:
        member = MembershipFactory.create(organization=acme, role=Membership.Role(role))

        with pytest.raises(NotAllowed):
            events_of(acme, narrowing=Narrowing(), by=member.user)


class TestExportEvents:
    def test_can_be_verified_outside(self, acme: Organization, admin: User) -> None:
        record(acme, changes={"name": ("Åcme", "Acme")})
        record(acme, by=admin)

        events = json.loads(exported(acme, admin))

        digest = ""
        for number, event in enumerate(events, start=1):
            kept = event.pop("digest")
            assert event.pop("number") == number
            written = json.dumps([digest, number, event], sort_keys=True, separators=(",", ":"))
            digest = hashlib.sha256(written.encode()).hexdigest()
            assert digest == kept
        assert len(events) == 2

    def test_has_each_change_in_a_spreadsheet_too(self, acme: Organization, admin: User) -> None:
        event = record(acme, by=admin, changes={"name": ("Ac,me", 'Ac"me')})

        (row,) = csv.DictReader(io.StringIO(exported(acme, admin, "csv")))

        assert json.loads(row["changes"]) == {"name": ["Ac,me", 'Ac"me']}
        assert (row["number"], row["act"], row["actor_label"]) == ("1", "x.y", admin.email)
        assert (row["id"], row["subject_id"]) == (str(event.pk), str(acme.pk))
        assert row["digest"] == AuditLink.objects.get().digest

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])  # noqa: RUF001
    def test_gives_a_spreadsheet_no_formula(
        self, acme: Organization, admin: User, start: str
    ) -> None:
        record(acme, subject=UserFactory.build(email=f"{start}1+1@acme.example"))

        (row,) = csv.DictReader(io.StringIO(exported(acme, admin, "csv"), newline=""))

        assert row["subject_label"] == f"'{start}1+1@acme.example"

    @pytest.mark.parametrize(("wanted", "lines"), [("csv", 1101), ("json", 1102)])
    def test_has_all_however_many(
        self, acme: Organization, admin: User, wanted: str, lines: int
    ) -> None:
        record_events("x.y", by=None, subjects=[(acme, {})] * 1100, organization=acme)

        assert len(exported(acme, admin, wanted).splitlines()) == lines

    def test_of_nothing_is_a_whole_file(self, acme: Organization, admin: User) -> None:
        assert json.loads(exported(acme, admin)) == []
        assert len(exported(acme, admin, "csv", act="z.z").splitlines()) == 1

    def test_is_recorded_with_what_was_wanted(self, acme: Organization, admin: User) -> None:
        exported(acme, admin, "csv", act="member")

        event = AuditEvent.objects.get()
        assert (event.act, event.actor, event.organization) == ("audit.export", admin, acme)
        assert event.changes == {"format": [None, "csv"], "act": [None, "member"]}

    def test_is_for_owners_and_admins(self, acme: Organization) -> None:
        member = MembershipFactory.create(organization=acme, creator=True)

        with pytest.raises(NotAllowed):
            exported(acme, member.user)

        assert not AuditEvent.objects.exists()


class TestStreamedFile:
    async def gathered(self) -> list[bytes]:
        response = StreamedFile(iter([b"a", b"b"]), name="x.csv", content_type="text/csv")
        return [piece async for piece in response]

    def test_is_sent_piece_by_piece_in_a_loop_too(self) -> None:
        assert async_to_sync(self.gathered)() == [b"a", b"b"]
