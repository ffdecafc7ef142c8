"""Refreshing a device's tokens, and repeating that after a lost answer."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from auth_providers.models import Device
from auth_providers.services.devices import revoke_device
from auth_providers.services.tokens import identify
from auth_providers.tests.factories import AppFactory, signed_in
from auth_providers.tests.flows import assert_invalid_grant, is_good, refresh
from orgs.models import AuditEvent
from orgs.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


class TestRefresh:
    def test_gives_a_fresh_pair_and_ends_the_old_one(self, client: Client) -> None:
        issued = signed_in()

        tokens = refresh(client, issued, issued.refresh_token).json()

        assert identify(tokens["access_token"]).device == issued.device
        assert not is_good(issued.access_token)
        assert tokens["refresh_token"] != issued.refresh_token

    def test_kills_the_family_when_a_token_comes_again(self, client: Client) -> None:
        issued = signed_in()
        fresh = refresh(client, issued, issued.refresh_token).json()

        assert_invalid_grant(refresh(client, issued, issued.refresh_token))

        assert not is_good(fresh["access_token"])
        assert_invalid_grant(refresh(client, issued, fresh["refresh_token"]))

    @pytest.mark.parametrize("key", [None, "another"])
    def test_revokes_the_device_of_a_token_that_comes_again(
        self, client: Client, key: str | None
    ) -> None:
        issued = signed_in()
        refresh(client, issued, issued.refresh_token, key="k")

        for _ in range(2):
            assert_invalid_grant(refresh(client, issued, issued.refresh_token, key=key))

        assert not Device.objects.live(timezone.now()).exists()
        event = AuditEvent.objects.get(act="device.revoke")
        assert (event.actor, event.subject_id) == (issued.device.user, str(issued.device.pk))
        assert event.changes == {"reason": [None, "refresh_token_reused"]}

    def test_leaves_the_device_alone_when_a_token_is_just_wrong(self, client: Client) -> None:
        issued = signed_in()

        assert_invalid_grant(refresh(client, issued, issued.refresh_token + "x"))

        assert is_good(issued.access_token)

    def test_takes_no_cache(self, client: Client, no_cache: None) -> None:
        issued = signed_in()

        assert refresh(client, issued, issued.refresh_token, key="k").status_code == 200

    def test_does_not_move_the_absolute_lifetime(self, client: Client) -> None:
        issued = signed_in(ago=timedelta(days=181))

        assert_invalid_grant(refresh(client, issued, issued.refresh_token))

    def test_refuses_a_revoked_device(self, client: Client) -> None:
        issued = signed_in()
        revoke_device(issued.device, by=issued.device.user, now=timezone.now())

        assert_invalid_grant(refresh(client, issued, issued.refresh_token))

    def test_refuses_a_disabled_person(self, client: Client) -> None:
        issued = signed_in()
        issued.device.user.is_active = False
        issued.device.user.save()

        assert_invalid_grant(refresh(client, issued, issued.refresh_token))

    def test_refuses_a_member_who_was_let_go(self, client: Client) -> None:
        membership = MembershipFactory.create()
        app = AppFactory.create(organization=membership.organization)
        issued = signed_in(membership.user, app=app)
        membership.is_active = False
        membership.save()

        assert_invalid_grant(refresh(client, issued, issued.refresh_token))

    def test_refuses_another_app(self, client: Client) -> None:
        issued, other = signed_in(), signed_in(app=AppFactory.create(is_first_party=False))

        assert_invalid_grant(refresh(client, other, issued.refresh_token))
        assert is_good(issued.access_token)


class TestRepeatedRefresh:
    """The answer was lost; the phone asks again with the same Idempotency-Key."""

    def test_gives_a_fresh_pair_and_the_unused_one_dies(self, client: Client) -> None:
        issued = signed_in()
        lost = refresh(client, issued, issued.refresh_token, key="k").json()

        again = refresh(client, issued, issued.refresh_token, key="k").json()

        assert not is_good(lost["access_token"])
        assert identify(again["access_token"]).device == issued.device
        assert refresh(client, issued, again["refresh_token"], key="next").status_code == 200

    def test_may_be_lost_twice(self, client: Client) -> None:
        issued = signed_in()

        answers = [refresh(client, issued, issued.refresh_token, key="k") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert [is_good(answer.json()["access_token"]) for answer in answers] == [
            False,
            False,
            True,
        ]

    @pytest.mark.parametrize("key", [None, "another"])
    def test_takes_no_other_key(self, client: Client, key: str | None) -> None:
        issued = signed_in()
        fresh = refresh(client, issued, issued.refresh_token, key="k").json()

        assert_invalid_grant(refresh(client, issued, issued.refresh_token, key=key))

        assert not is_good(fresh["access_token"])

    def test_is_over_once_the_pair_was_used(self, client: Client) -> None:
        issued = signed_in()
        fresh = refresh(client, issued, issued.refresh_token, key="k").json()
        identify(fresh["access_token"])

        assert_invalid_grant(refresh(client, issued, issued.refresh_token, key="k"))

        assert not is_good(fresh["access_token"])

    def test_is_over_once_the_pair_was_refreshed(self, client: Client) -> None:
        issued = signed_in()
        fresh = refresh(client, issued, issued.refresh_token, key="k").json()
        refresh(client, issued, fresh["refresh_token"])

        assert_invalid_grant(refresh(client, issued, issued.refresh_token, key="k"))

    def test_is_over_after_a_minute_however_often_it_came(self, client: Client) -> None:
        issued, now = signed_in(), timezone.now()
        with time_machine.travel(now, tick=False):
            refresh(client, issued, issued.refresh_token, key="k")
        with time_machine.travel(now + timedelta(seconds=40), tick=False):
            assert refresh(client, issued, issued.refresh_token, key="k").status_code == 200

        with time_machine.travel(now + timedelta(seconds=61), tick=False):
            assert_invalid_grant(refresh(client, issued, issued.refresh_token, key="k"))

    def test_ends_with_the_device(self, client: Client) -> None:
        issued = signed_in()
        refresh(client, issued, issued.refresh_token, key="k")
        revoke_device(issued.device, by=issued.device.user, now=timezone.now())

        assert_invalid_grant(refresh(client, issued, issued.refresh_token, key="k"))
