"""Devices that come back from a provider at once."""

from collections import Counter
from typing import Any

import pytest

from auth_providers.models import Device, LinkedIdentity
from auth_providers.tests.factories import AppFactory, let_in_by
from auth_providers.tests.hostile import TOKEN, Provider
from auth_providers.tests.provider_flows import MIA, begun, code_of, complete, configured
from orgs.models import AuditEvent, Membership, Organization, User
from orgs.tests.factories import DomainFactory, InviteFactory, MembershipFactory
from orgs.tests.races import all_at_once

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
AT_ONCE = 8


@pytest.fixture
def acme() -> Organization:
    organization: Organization = DomainFactory.create(proved=True).organization
    return organization


class TestOneTransaction:
    def test_has_one_winner(self, provider: Provider, acme: Organization) -> None:
        MembershipFactory.create(organization=acme, user__email=MIA)
        transaction = begun(AppFactory.create(), configured(provider, acme))
        code = code_of(provider, transaction)

        def act() -> Any:
            return complete(transaction, code=code)

        spending = 'UPDATE "auth_providers_signintransaction"'
        answers = all_at_once([act] * AT_ONCE, meeting=spending)

        counted = Counter(answer.status_code for answer in answers)
        assert counted == {200: 1, 409: AT_ONCE - 1}
        assert provider.requests[TOKEN] == 1
        assert Device.objects.count() == 1


class TestManyDevices:
    @pytest.mark.parametrize("is_invited", [False, True])
    def test_of_somebody_new_make_one_account_one_link_and_one_membership(
        self,
        provider: Provider,
        acme: Organization,
        is_invited: bool,  # noqa: FBT001
    ) -> None:
        owner = MembershipFactory.create(organization=acme, owner=True).user
        app, way = AppFactory.create(), configured(provider, acme)
        let_in_by(way, creates_members=not is_invited, creates_as=owner)
        if is_invited:
            InviteFactory.create(organization=acme, email=MIA, invited_by=owner, role="CREATOR")
        waiting = [begun(app, way) for _ in range(AT_ONCE)]
        codes = {each["state"]: code_of(provider, each) for each in waiting}

        def act() -> int:
            transaction = waiting.pop()
            answer = complete(transaction, code=codes[transaction["state"]])
            status: int = answer.status_code
            return status

        answers = all_at_once([act] * AT_ONCE, meeting='INSERT INTO "orgs_user"')

        assert answers == [200] * AT_ONCE

        mia = User.objects.get(email=MIA)
        assert LinkedIdentity.objects.get().user == mia
        member = Membership.objects.get(user=mia)
        assert member.role == ("CREATOR" if is_invited else "USER")
        assert Device.objects.filter(user=mia).count() == AT_ONCE
        for act_once in ("user.create", "member.admit", "identity.link"):
            assert AuditEvent.objects.filter(act=act_once).count() == 1
