"""The audit log in the console."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from orgs.models import AuditEvent, Membership, Organization, User
from orgs.services.audit import record_event
from orgs.services.audit_chain import link_all_events
from orgs.tests.factories import MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return MembershipFactory.create(admin=True, organization__name="Acme").user


@pytest.fixture
def acme(admin: User) -> Organization:
    return Organization.objects.get()


@pytest.fixture
def browser(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def record(acme: Organization, act: str = "x.y", **more: Any) -> AuditEvent:
    more.setdefault("by", None)
    return record_event(act, subject=acme, organization=acme, **more)


def shown(browser: Client, **query: str) -> str:
    response = browser.get(reverse("audit-events"), query)
    assert response.status_code == 200
    read_page(response)
    return response.content.decode()


class TestAuditEvents:
    def test_say_in_words_who_did_what(
        self, browser: Client, acme: Organization, admin: User
    ) -> None:
        record(acme, "member.set_role", by=admin, changes={"role": ("USER", "ADMIN")})

        page = shown(browser)

        for words in ("Changed a role", admin.email, "Acme", "USER", "ADMIN"):
            assert words in page

    def test_show_an_act_that_has_no_words_as_it_is(
        self, browser: Client, acme: Organization
    ) -> None:
        record(acme, "moon.land")

        assert "moon.land" in shown(browser)

    def test_outlive_who_acted(self, browser: Client, acme: Organization) -> None:
        person = MembershipFactory.create(organization=acme).user
        record(acme, by=person)
        person.delete()

        assert person.email in shown(browser)

    def test_are_narrowed_by_the_address(
        self, browser: Client, acme: Organization, admin: User
    ) -> None:
        record(acme, "member.admit", by=admin)
        record(acme, "solution.create")

        page = shown(browser, act="member", actor=str(admin.pk))

        assert page.count("<details>") == 1
        assert "One person&#x27;s acts" in page
        assert "No such acts" in shown(browser, search="nobody")

    def test_say_beside_the_field_that_a_day_is_none(
        self, browser: Client, acme: Organization
    ) -> None:
        record(acme)

        page = shown(browser, since="yesterday", until="2999-01-01")

        assert "From: Enter a valid date." in page
        assert 'value="yesterday"' in page

    def test_take_the_whole_last_day(self, browser: Client, acme: Organization) -> None:
        event = record(acme)

        day = event.created_at.date().isoformat()

        assert "<details>" in shown(browser, since=day, until=day)
        assert "<details>" in shown(browser, until="9999-12-31")

    def test_go_on_below_the_last(
        self,
        browser: Client,
        acme: Organization,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        events = [record(acme, f"x.y{number}") for number in range(51)]
        link_all_events()

        with django_assert_max_num_queries(10):
            first = shown(browser, act="x")
        second = shown(browser, before=str(events[1].pk))

        assert first.count("<details>") == 50
        assert f"before={events[1].pk}" in first
        assert "x.y0<" in second
        assert second.count("<details>") == 1

    def test_show_what_to_note(self, browser: Client, acme: Organization) -> None:
        event = record(acme)
        link_all_events()

        event.refresh_from_db()

        assert f"{acme.pk}:1:{event.link.digest}" in shown(browser)

    def test_are_not_for_a_creator(self, client: Client, acme: Organization) -> None:
        member = MembershipFactory.create(organization=acme, role=Membership.Role.CREATOR)
        client.force_login(member.user)

        assert client.get(reverse("audit-events")).status_code == 403
        assert client.post(reverse("audit-export"), {"format": "csv"}).status_code == 403
        assert b"Audit log" not in client.get("/").content


class TestAuditExport:
    def test_has_what_the_page_is_narrowed_to(
        self, browser: Client, acme: Organization, admin: User
    ) -> None:
        record(acme, by=admin)
        record(acme)

        response = browser.post(reverse("audit-export"), {"format": "json", "actor": str(admin.pk)})

        assert response.headers["Content-Disposition"] == 'attachment; filename="audit-events.json"'
        assert [event["number"] for event in json.loads(response.getvalue())] == [1]

    def test_is_recorded_so_it_takes_a_post(self, browser: Client, acme: Organization) -> None:
        assert browser.get(reverse("audit-export")).status_code == 405

        response = browser.post(reverse("audit-export"), {"format": "csv"})

        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert AuditEvent.objects.get().act == "audit.export"
