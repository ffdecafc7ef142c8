"""When a provider's word counts at all, and what it would come to."""

import pytest

from auth_providers.models import LinkedIdentity, OAuthConfiguration
from auth_providers.services.outside_admission import (
    foresee_admission,
)
from auth_providers.tests.factories import OAuthConfigurationFactory, let_in_by
from auth_providers.tests.outside.vouching import (
    MIA,
    NOW,
    SAID,
    know,
    refusal,
)
from orgs.models import (
    Organization,
    User,
)
from orgs.tests.factories import (
    MembershipFactory,
)

pytestmark = pytest.mark.django_db


class TestSwitches:
    def test_let_nobody_in_while_it_is_off(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        know(MembershipFactory.create(organization=acme).user, way)
        let_in_by(way, is_enabled=False)

        assert refusal(way) == "not_enabled"

    def test_let_nobody_in_by_a_configuration_that_was_not_chosen(
        self, way: OAuthConfiguration, acme: Organization
    ) -> None:
        know(MembershipFactory.create(organization=acme).user, way)

        assert refusal(OAuthConfigurationFactory.create(organization=acme)) == "not_enabled"


class TestForeseeAdmission:
    def test_says_what_would_be_made_and_makes_nothing(self, making: OAuthConfiguration) -> None:
        let_in_by(making, is_enabled=False)

        foreseen = foresee_admission(making, SAID, now=NOW)

        assert (foreseen.user, foreseen.matched_domain) == (None, "*")
        assert foreseen.would == ("create_account", "create_member", "sign_in")
        assert not User.objects.filter(email=MIA).exists()

    def test_says_who_it_is_and_why_not(
        self, way: OAuthConfiguration, mia: User, proved: None
    ) -> None:
        foreseen = foresee_admission(way, SAID, now=NOW)

        assert (foreseen.user, foreseen.reason) == (mia, "access_offered")
        assert foreseen.would == ("link", "offer_access")
        assert not LinkedIdentity.objects.exists()

    def test_works_before_anything_was_set(self, acme: Organization) -> None:
        fresh = OAuthConfigurationFactory.create(organization=acme)

        foreseen = foresee_admission(fresh, SAID, now=NOW)

        assert (foreseen.matched_domain, foreseen.would) == ("", ("offer_access",))
