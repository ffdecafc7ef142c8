import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from orgs.models import Domain, Membership
from orgs.tests.factories import DomainFactory, MembershipFactory
from orgs.tests.name_server import NameServer
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def domain(owner: Membership) -> Domain:
    return DomainFactory.create(organization=owner.organization, name="acme.example")


@pytest.fixture
def browser(client: Client, owner: Membership) -> Client:
    client.force_login(owner.user)
    return client


class TestDomains:
    def test_says_the_next_step_while_there_are_none(self, browser: Client) -> None:
        response = browser.get("/domains")

        assert read_page(response).headings == ["Domains"]
        assert "No domains yet" in response.content.decode()

    def test_lists_any_number_with_as_many_queries(
        self, browser: Client, domain: Domain, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(5):
            DomainFactory.create(organization=domain.organization, name=f"acme{number}.example")

        with django_assert_max_num_queries(10):
            response = browser.get("/domains")

        assert response.content.decode().count("Not proved") == 6
        read_page(response)

    def test_adds_one_and_goes_on_to_its_proof(self, browser: Client) -> None:
        response = browser.post("/domains", {"name": "ACME.example", "join_policy": "REQUEST"})

        added = Domain.objects.get()
        assert response.headers["Location"] == f"/domains/{added.pk}"
        page = browser.get(response.headers["Location"])
        assert read_page(page).headings == ["acme.example"]
        words = page.content.decode()
        assert added.proof_name in words
        assert added.proof_value in words

    @pytest.mark.parametrize("name", ["gmail.com", "co.uk", "127.0.0.1", "", "acme.example"])
    def test_says_at_the_field_what_is_wrong(
        self, browser: Client, domain: Domain, name: str
    ) -> None:
        response = browser.post("/domains", {"name": name, "join_policy": "OFF"})

        assert response.status_code == 422
        read_page(response)
        words = response.content.decode()
        assert f'value="{name}"' in words or not name
        assert 'aria-invalid="true"' in words


class TestDomain:
    def test_proves_it_on_request(
        self, browser: Client, domain: Domain, name_server: NameServer
    ) -> None:
        name_server.texts[domain.proof_name] = [domain.proof_value]

        response = browser.post(f"/domains/{domain.pk}/check")

        domain.refresh_from_db()
        assert domain.is_proved
        assert "acme.example is proved" in browser.get(response.url).content.decode()  # type: ignore[attr-defined]

    def test_shows_the_record_that_was_found(
        self, browser: Client, domain: Domain, name_server: NameServer
    ) -> None:
        name_server.texts[domain.proof_name] = ["<script>"]

        response = browser.post(f"/domains/{domain.pk}/check", {"from_list": "1"})

        assert response.headers["Location"] == "/domains"
        words = browser.get("/domains").content.decode()
        assert "Only other TXT records were found there: “&lt;script&gt;”." in words

    def test_chooses_who_may_join(self, browser: Client, domain: Domain) -> None:
        address = f"/domains/{domain.pk}/policy"
        assert browser.post(address, {"join_policy": "OFF"}).status_code == 302
        refused = browser.post(address, {"join_policy": "AUTOMATIC"})

        domain.refresh_from_db()
        assert domain.join_policy == Domain.JoinPolicy.OFF
        assert refused.status_code == 422
        read_page(refused)

    def test_removes_what_is_named(self, browser: Client, domain: Domain) -> None:
        address = f"/domains/{domain.pk}/remove"
        assert browser.post(address, {"name": "other.example"}).status_code == 422
        assert browser.post(address, {"name": "acme.example"}).headers["Location"] == "/domains"

        assert not Domain.objects.exists()

    @pytest.mark.parametrize("act", ["domain", "domain-check", "domain-policy", "domain-remove"])
    def test_is_not_there_for_another_organization(self, browser: Client, act: str) -> None:
        foreign = DomainFactory.create()

        assert browser.post(reverse(act, args=[foreign.pk]), {}).status_code == 404

    def test_is_not_for_creators(self, client: Client, domain: Domain) -> None:
        creator = MembershipFactory.create(organization=domain.organization, creator=True)
        client.force_login(creator.user)

        assert client.get("/domains").status_code == 403
        assert client.get(f"/domains/{domain.pk}").status_code == 403
