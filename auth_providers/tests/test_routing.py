"""By which single sign-on an address goes: its domain decides, and who has proved it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from auth_providers.models import App, OAuthConfiguration
from auth_providers.services.routing import (
    find_options,
    find_way,
    matching_pattern,
    may_return_to,
    takes_password,
)
from auth_providers.tests.factories import AppFactory, OAuthConfigurationFactory, let_in_by
from orgs.models import Organization
from orgs.tests.factories import DomainFactory, OrganizationFactory

pytestmark = pytest.mark.django_db

MIA = "mia@acme.example"
CALLBACK = "http://127.0.0.1/callback"
type_of_bound = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def acme(db: None) -> Organization:
    return OrganizationFactory.create(name="Acme")


@pytest.fixture
def eve(db: None) -> Organization:
    """An organization that would like to have the people of another."""
    return OrganizationFactory.create(name="Eve")


@pytest.fixture
def portal(db: None) -> App:
    """The installation's own app."""
    return AppFactory.create()


def own_app(organization: Organization) -> App:
    return AppFactory.create(organization=organization)


def way_of(organization: Organization, *patterns: str, **fields: Any) -> OAuthConfiguration:
    configuration: OAuthConfiguration = OAuthConfigurationFactory.create(
        organization=organization, **fields
    )
    let_in_by(configuration, *patterns)
    return configuration


def prove(organization: Organization, name: str) -> None:
    DomainFactory.create(organization=organization, name=name, proved=True)


def found(app: App, email: str = MIA, redirect_uri: str = CALLBACK) -> list[OAuthConfiguration]:
    options = find_options(email=email, app=app, redirect_uri=redirect_uri)
    return [option.configuration for option in options]


class TestFindOptions:
    def test_leads_a_proved_domain_from_any_app(
        self, acme: Organization, eve: Organization, portal: App
    ) -> None:
        prove(acme, "acme.example")
        way = way_of(acme, "acme.example")

        assert found(portal) == [way]
        assert found(own_app(eve)) == [way]
        assert found(portal, "MIA@ACME.example") == [way]
        assert found(portal, "mia@other.example") == []
        assert found(portal, "mia@sub.acme.example") == []

    @pytest.mark.parametrize("pattern", ["acme.example", "*.example", "*"])
    def test_leads_what_nobody_proved_from_the_organizations_own_app_alone(
        self, eve: Organization, acme: Organization, portal: App, pattern: str
    ) -> None:
        way = way_of(eve, pattern)

        assert found(own_app(eve)) == [way]
        assert found(portal) == []
        assert found(own_app(acme)) == []

    def test_takes_subdomains_of_a_proved_domain_as_proved(
        self, acme: Organization, portal: App
    ) -> None:
        prove(acme, "acme.example")
        way = way_of(acme, "*.acme.example")

        assert found(portal, "mia@de.acme.example") == [way]
        assert found(portal, "mia@a.de.acme.example") == [way]
        assert found(portal, MIA) == []
        assert found(portal, "mia@notacme.example") == []

    def test_leaves_a_subdomain_to_who_has_proved_it(
        self, acme: Organization, eve: Organization, portal: App
    ) -> None:
        prove(eve, "acme.example")
        prove(acme, "de.acme.example")
        way_of(eve, "*.acme.example")

        assert found(portal, "mia@de.acme.example") == []
        assert found(portal, "mia@a.de.acme.example") == []

    def test_takes_the_most_exact(self, acme: Organization) -> None:
        app, email = own_app(acme), "mia@a.b.example"
        anybody = way_of(acme, "*")
        assert found(app, email) == [anybody]
        wide = way_of(acme, "*.example")
        assert found(app, email) == [wide]
        narrow = way_of(acme, "*.b.example")
        assert found(app, email) == [narrow]
        exact = way_of(acme, "a.b.example")
        assert found(app, email) == [exact]

    def test_gives_a_choice_of_equals(self, acme: Organization) -> None:
        ways = {way_of(acme, "acme.example"), way_of(acme, "acme.example", name="Another")}

        assert set(found(own_app(acme))) == ways

    def test_takes_what_single_sign_on_is_on_for(self, acme: Organization) -> None:
        app, way = own_app(acme), way_of(acme, "*")
        unused = OAuthConfigurationFactory.create(organization=acme)
        unused.domains.create(pattern="acme.example")
        assert found(app) == [way]

        let_in_by(way, is_enabled=False)
        assert found(app) == []

    def test_comes_back_where_the_configuration_lists_alone(self, acme: Organization) -> None:
        app = own_app(acme)
        way_of(acme, "acme.example", redirect_urls=["com.acme.app:/callback"])
        listed = way_of(acme, "*", redirect_urls=[CALLBACK])
        fixed = way_of(acme, "*", redirect_urls=["http://127.0.0.1:7777/callback"])

        assert set(found(app, redirect_uri="http://127.0.0.1:7777/callback")) == {listed, fixed}
        assert found(app, redirect_uri="http://127.0.0.1:8888/callback") == [listed]
        assert found(app, redirect_uri="http://127.0.0.1:8888/callback2") == []

    def test_asks_the_same_few_things_for_everybody(
        self, acme: Organization, portal: App, django_assert_num_queries: type_of_bound
    ) -> None:
        prove(acme, "acme.example")
        way_of(acme, "acme.example")

        for email in (MIA, "nobody@acme.example", "nobody@nowhere.example"):
            with django_assert_num_queries(2):
                find_options(email=email, app=portal, redirect_uri=CALLBACK)


class TestFindWay:
    def test_is_one_of_the_options(self, acme: Organization, portal: App) -> None:
        prove(acme, "acme.example")
        way = way_of(acme, "acme.example")

        def find(email: str, app: App = portal) -> OAuthConfiguration | None:
            return find_way(way.pk, email=email, app=app, redirect_uri=CALLBACK)

        assert find(MIA) == way
        assert find("mia@other.example") is None
        assert find("") == way

    def test_without_an_address_is_open_to_some(
        self, eve: Organization, acme: Organization, portal: App
    ) -> None:
        way = way_of(eve, "acme.example", "*")

        def find(app: App) -> OAuthConfiguration | None:
            return find_way(way.pk, email="", app=app, redirect_uri=CALLBACK)

        assert find(own_app(eve)) == way
        assert find(portal) is None
        assert find(own_app(acme)) is None


class TestTakesPassword:
    def test_not_where_the_domains_own_organization_requires_the_other(
        self, acme: Organization
    ) -> None:
        prove(acme, "acme.example")
        way = way_of(acme, "acme.example")
        assert takes_password(MIA)

        let_in_by(way, is_required=True)
        assert not takes_password(MIA)
        assert takes_password("mia@sub.acme.example")

        let_in_by(way, is_required=True, is_enabled=False)
        assert takes_password(MIA)

    def test_whatever_an_organization_without_proof_says(self, eve: Organization) -> None:
        DomainFactory.create(organization=eve, name="acme.example")
        let_in_by(way_of(eve, "acme.example"), is_required=True)

        assert takes_password(MIA)


class TestMayReturnTo:
    @pytest.mark.parametrize(
        ("registered", "asked", "answer"),
        [
            ("http://127.0.0.1/callback", "http://127.0.0.1:7777/callback", True),
            ("http://127.0.0.1:1/callback", "http://127.0.0.1:7777/callback", True),
            ("http://[::1]/callback", "http://[::1]:7777/callback", True),
            ("http://127.0.0.1/callback", "http://127.0.0.1:7777/other", False),
            ("http://127.0.0.1/callback", "http://localhost:7777/callback", False),
            ("http://127.0.0.1/callback", "http://127.0.0.1:x/callback", False),
            ("https://acme.example/callback", "https://acme.example:444/callback", False),
            ("https://acme.example/callback", "https://acme.example/callback/", False),
            ("com.acme.app:/callback", "com.acme.app:/callback", True),
            ("com.acme.app:/callback", "com.acme.app:/callback?x=1", False),
        ],
    )
    def test_asks_for_the_very_url_save_a_loopback_port(
        self,
        registered: str,
        asked: str,
        answer: bool,  # noqa: FBT001
    ) -> None:
        app = App(redirect_uris=registered)

        assert may_return_to(app, asked) == answer


class TestMatchingPattern:
    def test_is_the_most_exact_that_fits(self) -> None:
        patterns = ["*", "*.example", "acme.example"]

        assert matching_pattern(MIA, patterns) == "acme.example"
        assert matching_pattern(MIA, patterns[:2]) == "*.example"
        assert matching_pattern(MIA, ["other.example"]) == ""
