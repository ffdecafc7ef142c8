"""Eight phones at once, on a database that lets them."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from auth_providers.models import App, Device, PersonalAccessToken
from auth_providers.services.apps import installation_app
from auth_providers.services.devices import revoke_device
from auth_providers.services.issuing import IssuedTokens
from auth_providers.tests.factories import AppFactory, signed_in
from auth_providers.tests.flows import consent, exchange, is_good, refresh
from orgs.models import AuditEvent
from orgs.tests.factories import UserFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
AT_ONCE = 8


def all_at_once(act: Callable[[], Any]) -> list[Any]:
    """Do it in eight threads that begin together."""
    together = threading.Barrier(AT_ONCE)

    def attempt(_: int) -> Any:
        together.wait(timeout=10)
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(attempt, range(AT_ONCE)))


def assert_losers_were_told(answers: list[Any]) -> list[Any]:
    """Check that whoever did not win got invalid_grant, and return who won."""
    losers = [answer for answer in answers if answer.status_code != 200]
    assert {(loser.status_code, loser.json()["error"]) for loser in losers} <= {
        (400, "invalid_grant")
    }
    return [answer.json() for answer in answers if answer.status_code == 200]


class TestRefresh:
    def test_has_at_most_one_winner(self) -> None:
        issued = signed_in()

        answers = all_at_once(lambda: refresh(Client(), issued, issued.refresh_token))

        assert len(assert_losers_were_told(answers)) == 1
        assert not Device.objects.live(timezone.now()).exists()
        assert AuditEvent.objects.filter(act="device.revoke").count() == 1

    def test_leaves_at_most_one_good_pair_to_repeats(self) -> None:
        issued = signed_in()

        answers = all_at_once(lambda: refresh(Client(), issued, issued.refresh_token, key="k"))

        winners = assert_losers_were_told(answers)
        assert len(winners) >= 1
        assert sum(is_good(winner["access_token"]) for winner in winners) <= 1

    def test_gives_a_revoked_device_nothing(self) -> None:
        issued = signed_in()
        turns = iter(range(AT_ONCE))

        def act() -> Any:
            if next(turns) == 0:
                return revoke_device(issued.device, by=issued.device.user, now=timezone.now())
            return refresh(Client(), issued, issued.refresh_token)

        answers = [answer for answer in all_at_once(act) if answer is not None]

        for winner in assert_losers_were_told(answers):
            assert not is_good(winner["access_token"])


class TestExchange:
    def test_makes_one_device_of_a_code(self) -> None:
        user, app, browser = UserFactory.create(), AppFactory.create(), Client()
        browser.force_login(user)
        code = consent(browser, app)

        answers = all_at_once(lambda: exchange(Client(), app, code))

        assert len(assert_losers_were_told(answers)) == 1
        assert Device.objects.count() == 1


class TestInstallationApp:
    def test_is_one_however_many_start_at_once(self) -> None:
        apps = all_at_once(installation_app)

        assert set(apps) == {App.objects.get()}
        assert AuditEvent.objects.filter(act="app.create").count() == 1


class TestRevokeDevice:
    def test_is_recorded_once(self) -> None:
        device = signed_in().device

        all_at_once(lambda: revoke_device(device, by=device.user, now=timezone.now()))

        assert AuditEvent.objects.filter(act="device.revoke").count() == 1


class TestPersonalAccessTokens:
    def test_makes_one_for_a_key(self) -> None:
        issued = signed_in()

        answers = all_at_once(lambda: self.create(issued))

        counted = Counter(answer.status_code for answer in answers)
        assert counted == {201: 1, 409: AT_ONCE - 1}
        assert PersonalAccessToken.objects.count() == 1

    @staticmethod
    def create(issued: IssuedTokens) -> Any:
        headers = {"Authorization": f"Bearer {issued.access_token}", "Idempotency-Key": "k"}
        body = {"name": "Nightly export", "scopes": ["solutions:read"]}
        url = reverse("api-my-tokens")
        return Client().post(url, body, content_type="application/json", headers=headers)
