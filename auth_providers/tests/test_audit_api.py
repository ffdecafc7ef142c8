"""Audit events at the API's door."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.services.scopes import ALL_SCOPES, Scope
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import personal_token
from orgs.models import AuditEvent, Organization, User
from orgs.services.audit import record_event
from orgs.services.audit_chain import link_all_events
from orgs.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return MembershipFactory.create(admin=True, organization__name="Acme").user


@pytest.fixture
def acme(admin: User) -> Organization:
    return Organization.objects.get()


@pytest.fixture
def api(admin: User, client_with: type_of_client) -> Client:
    return client_with(personal_token(admin).secret)


def url(acme: Organization, name: str = "api-audit-events") -> str:
    return reverse(name, args=[acme.pk])


def record(acme: Organization, act: str = "x.y", by: User | None = None) -> AuditEvent:
    changes = {"name": ("Ac", "Acme")}
    return record_event(act, by=by, subject=acme, organization=acme, changes=changes)


class TestListAuditEvents:
    def test_shows_who_did_what_to_whom(self, api: Client, acme: Organization, admin: User) -> None:
        event = record(acme, by=admin)
        link_all_events()

        (shown,) = api.get(url(acme)).json()["results"]

        event.refresh_from_db()
        assert shown == {
            "id": str(event.pk),
            "organization_id": str(acme.pk),
            "number": 1,
            "act": "x.y",
            "actor": {"id": str(admin.pk), "label": admin.email},
            "subject": {"id": str(acme.pk), "label": "Acme"},
            "changes": {"name": ["Ac", "Acme"]},
            "address": event.address,
            "correlation_id": str(event.correlation_id),
            "created_at": event.created_at.isoformat().replace("+00:00", "Z"),
            "digest": event.link.digest,
        }

    def test_goes_through_all_by_a_cursor(self, api: Client, acme: Organization) -> None:
        events = [record(acme) for _ in range(5)]

        page, seen = api.get(url(acme), {"limit": 2}).json(), []
        while True:
            seen += [event["id"] for event in page["results"]]
            if page["next"] is None:
                break
            page = api.get(page["next"]).json()

        assert seen == [str(event.pk) for event in reversed(events)]

    def test_narrows(self, api: Client, acme: Organization, admin: User) -> None:
        record(acme, "member.admit", admin)
        record(acme, "member.set_role")

        filters = {"act": "member", "actor": str(admin.pk), "since": "2020-01-01T00:00:00Z"}
        (shown,) = api.get(url(acme), filters).json()["results"]

        assert shown["act"] == "member.admit"

    def test_tells_which_filter_is_wrong(self, api: Client, acme: Organization) -> None:
        answer = api.get(url(acme), {"since": "yesterday", "actor": "Mia"})

        pointers = {fault["pointer"] for fault in answer.json()["errors"]}
        assert (answer.status_code, pointers) == (422, {"/since", "/actor"})

    def test_is_for_owners_and_admins(
        self, acme: Organization, client_with: type_of_client
    ) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True).user
        stranger = MembershipFactory.create(owner=True).user
        statuses = [
            client_with(personal_token(user).secret).get(url(acme)).status_code
            for user in (creator, stranger)
        ]

        assert statuses == [403, 404]

    def test_asks_for_the_scope(
        self, acme: Organization, admin: User, client_with: type_of_client
    ) -> None:
        token = personal_token(admin, scopes=ALL_SCOPES - {Scope.AUDIT_READ})

        assert client_with(token.secret).get(url(acme)).status_code == 403


class TestExportAuditEvents:
    @pytest.mark.parametrize(
        ("wanted", "content_type"),
        [("csv", "text/csv; charset=utf-8"), ("json", "application/json")],
    )
    def test_is_a_file(
        self, api: Client, acme: Organization, wanted: str, content_type: str
    ) -> None:
        record(acme)

        answer = api.get(
            url(acme, "api-audit-export"), {"format": wanted}, headers={"Accept": content_type}
        )

        assert answer.headers["Content-Type"] == content_type
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="audit-events.{wanted}"'
        )
        content = answer.getvalue().decode()
        assert '"name": ["Ac", "Acme"]' in content.replace('""', '"')

    def test_has_what_the_filters_leave(self, api: Client, acme: Organization, admin: User) -> None:
        record(acme, by=admin)
        record(acme)

        filters = {"format": "json", "actor": str(admin.pk)}
        answer = api.get(url(acme, "api-audit-export"), filters)

        (event,) = json.loads(answer.getvalue())
        assert event["actor"]["id"] == str(admin.pk)

    def test_refuses_another_format(self, api: Client, acme: Organization) -> None:
        answer = api.get(url(acme, "api-audit-export"), {"format": "xml"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/format"

    def test_is_not_there_for_a_stranger(self, api: Client) -> None:
        address = reverse("api-audit-export", args=[uuid.uuid4()])

        assert api.get(address, {"format": "csv"}).status_code == 404
