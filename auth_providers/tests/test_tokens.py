"""Who a bearer token stands for, and when it no longer does."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from auth_providers.models import Device
from auth_providers.services.devices import revoke_device
from auth_providers.services.scopes import DEVICE_SCOPES, Scope
from auth_providers.services.tokens import (
    Caller,
    NotSignedIn,
    ScopeMissing,
    identify,
    require_scope,
)
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from orgs.tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
Count = Callable[..., object]


class TestSecrets:
    def test_are_long_and_never_the_same(self) -> None:
        user = UserFactory.create()
        pairs = [signed_in(user) for _ in range(3)]
        secrets = [personal_token(user).secret for _ in range(3)]

        tokens = [pair.access_token for pair in pairs] + [pair.refresh_token for pair in pairs]
        assert len(set(tokens + secrets)) == 9
        assert all(re.fullmatch("[A-Za-z0-9]{30}", token) for token in tokens)  # 178 bits
        assert all(re.fullmatch("jxp_[A-Za-z0-9_-]{43}", secret) for secret in secrets)  # 256

    def test_come_from_no_generator_that_can_be_predicted(self) -> None:
        root = Path(__file__).parents[2]
        rooms = [root / name for name in ("jigxmgmt", "orgs", "auth_providers", "functions")]
        files = [path for room in rooms for path in room.rglob("*.py") if "tests" not in path.parts]
        used = "import random", "from random", "get_random_string"

        assert len(files) > 100
        assert [path for path in files if any(name in path.read_text() for name in used)] == []


class TestIdentifyDevice:
    def test_names_the_person_and_the_device(self) -> None:
        user = UserFactory.create()
        issued = signed_in(user)

        caller = identify(issued.access_token)

        assert (caller.user, caller.device) == (user, issued.device)
        assert caller.is_device
        assert caller.scopes == DEVICE_SCOPES

    def test_costs_one_query_and_notes_the_use_once_a_minute(
        self, django_assert_num_queries: Count
    ) -> None:
        issued = signed_in()

        with django_assert_num_queries(3):  # type: ignore[attr-defined]  # and what it notes
            identify(issued.access_token)
        with django_assert_num_queries(1):  # type: ignore[attr-defined]
            identify(issued.access_token)

    def test_notes_when_it_was_last_seen(self) -> None:
        issued = signed_in(ago=timedelta(minutes=5))
        now = timezone.now()

        identify(issued.access_token, now=now)

        issued.device.refresh_from_db()
        assert issued.device.last_seen_at == now
        assert issued.device.tokens_used_at == now

    @pytest.mark.parametrize("token", ["", "nonsense", "jxp_nonsense", "ä\x00"])
    def test_refuses_what_nobody_issued(self, token: str) -> None:
        with pytest.raises(NotSignedIn):
            identify(token)

    def test_refuses_the_refresh_token(self) -> None:
        with pytest.raises(NotSignedIn):
            identify(signed_in().refresh_token)

    def test_refuses_an_expired_access_token(self) -> None:
        issued = signed_in()

        with pytest.raises(NotSignedIn):
            identify(issued.access_token, now=timezone.now() + timedelta(minutes=16))

    def test_refuses_a_revoked_device(self) -> None:
        issued = signed_in()
        revoke_device(issued.device, by=issued.device.user, now=timezone.now())

        with pytest.raises(NotSignedIn):
            identify(issued.access_token)

    def test_refuses_a_device_past_its_absolute_lifetime(self) -> None:
        issued = signed_in(ago=timedelta(days=181))

        with pytest.raises(NotSignedIn):
            identify(issued.access_token)

    def test_refuses_a_disabled_person(self) -> None:
        issued = signed_in()
        issued.device.user.is_active = False
        issued.device.user.save()

        with pytest.raises(NotSignedIn):
            identify(issued.access_token)

    def test_refuses_when_the_app_is_gone(self) -> None:
        issued = signed_in()
        issued.device.app.delete()

        with pytest.raises(NotSignedIn):
            identify(issued.access_token)

    def test_takes_an_organizations_app_only_from_its_active_members(self) -> None:
        membership = MembershipFactory.create()
        issued = signed_in(
            membership.user, app=AppFactory.create(organization=membership.organization)
        )

        assert identify(issued.access_token).user == membership.user
        membership.is_active = False
        membership.save()
        with pytest.raises(NotSignedIn):
            identify(issued.access_token)

    def test_does_not_take_a_member_of_another_organization(self) -> None:
        stranger = MembershipFactory.create()
        issued = signed_in(
            stranger.user,
            app=AppFactory.create(organization=MembershipFactory.create().organization),
        )

        with pytest.raises(NotSignedIn):
            identify(issued.access_token)

    def test_keeps_no_token_in_clear(self) -> None:
        issued = signed_in()

        rows = repr(list(Device.objects.values())) + repr(issued)

        assert issued.access_token not in rows
        assert issued.refresh_token not in rows


class TestIdentifyPerson:
    def test_names_the_person_and_the_scopes(self) -> None:
        created = personal_token(scopes=[Scope.SOLUTIONS_READ])

        caller = identify(created.secret)

        assert caller.personal_access_token == created.token
        assert not caller.is_device
        assert caller.scopes == {"solutions:read"}

    def test_keeps_a_token_that_is_used_alive(self) -> None:
        created = personal_token(ago=timedelta(days=175))
        now = timezone.now()

        identify(created.secret, now=now)

        created.token.refresh_from_db()
        assert created.token.last_used_at == now
        assert created.token.expires_at == now + timedelta(days=14)

    def test_refuses_an_expired_token(self) -> None:
        with pytest.raises(NotSignedIn):
            identify(personal_token(ago=timedelta(days=183)).secret)

    def test_refuses_a_disabled_person(self) -> None:
        created = personal_token(UserFactory.create(is_active=False))

        with pytest.raises(NotSignedIn):
            identify(created.secret)

    def test_refuses_a_revoked_token(self) -> None:
        created = personal_token()
        created.token.revoke(timezone.now())

        with pytest.raises(NotSignedIn):
            identify(created.secret)


class TestRequireScope:
    def test_refuses_a_personal_token_without_the_scope(self) -> None:
        caller = Caller(user=UserFactory.build(), scopes=frozenset({"organization:read"}))

        with pytest.raises(ScopeMissing):
            require_scope(caller, Scope.ORGANIZATION_WRITE)

    def test_gives_a_device_no_console_rights(self) -> None:
        caller = identify(signed_in().access_token)

        require_scope(caller, Scope.FUNCTIONS_RUN)
        with pytest.raises(ScopeMissing):
            require_scope(caller, Scope.SOLUTIONS_WRITE)
