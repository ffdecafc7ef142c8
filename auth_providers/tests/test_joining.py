"""The API's doors to organizations: what is offered, joining, founding."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from auth_providers.services.scopes import Scope
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from auth_providers.tests.flows import problem_code
from orgs.models import Domain, Organization, User
from orgs.tests.factories import DomainFactory, MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db

OFFERED = "/api/v1/me/joinable-organizations"
ORGANIZATIONS = "/api/v1/organizations"


@pytest.fixture
def mia() -> User:
    return UserFactory.create(email="mia@acme.example")


@pytest.fixture
def phone(mia: User, client_with: type_of_client) -> Client:
    """The installation's own app, where Mia is signed in."""
    return client_with(signed_in(mia).access_token)


@pytest.fixture
def open_door() -> Organization:
    """An organization that lets everybody of Mia's domain in."""
    domain = DomainFactory.create(proved=True, join_policy=Domain.JoinPolicy.AUTOMATIC)
    return Organization.objects.get(pk=domain.organization_id)


def join(client: Client, organization: Organization, key: str = "") -> Any:
    url, headers = f"{ORGANIZATIONS}/{organization.pk}/join", {"Idempotency-Key": key}
    return client.post(url, content_type="application/json", headers=headers if key else {})


def confined(user: User, client_with: type_of_client) -> Client:
    """An organization's own app, where the person is signed in."""
    membership = MembershipFactory.create(user=user)
    app = AppFactory.create(organization=membership.organization)
    return client_with(signed_in(user, app=app).access_token)


class TestListJoinableOrganizations:
    def test_tells_what_the_domain_offers(self, phone: Client, open_door: Organization) -> None:
        listed = phone.get(OFFERED).json()

        offered = {
            "id": str(open_door.pk),
            "name": open_door.name,
            "region_label": "",
            "domain": "acme.example",
            "is_proved": True,
            "policy": "AUTOMATIC",
        }
        assert listed == {"results": [offered], "next": None}

    def test_takes_a_personal_token_of_that_scope(
        self, mia: User, client_with: type_of_client
    ) -> None:
        good = personal_token(mia, scopes=[Scope.ORGANIZATION_READ]).secret
        bad = personal_token(mia, scopes=[Scope.CALLS_READ]).secret

        assert client_with(good).get(OFFERED).status_code == 200
        assert problem_code(client_with(bad).get(OFFERED)) == (403, "insufficient_scope")

    def test_offers_nothing_in_an_organizations_own_app(
        self, mia: User, client_with: type_of_client, open_door: Organization
    ) -> None:
        assert confined(mia, client_with).get(OFFERED).json()["results"] == []


class TestJoinOrganization:
    def test_makes_a_member(self, phone: Client, mia: User, open_door: Organization) -> None:
        answer = join(phone, open_door)

        assert answer.status_code == 201
        assert answer.json() == {"id": str(open_door.pk), "name": open_door.name, "role": "USER"}
        assert open_door.memberships.get().user == mia

    def test_is_done_once_for_a_key(self, phone: Client, open_door: Organization) -> None:
        join(phone, open_door, "k")

        assert problem_code(join(phone, open_door, "k")) == (409, "already_done")

    def test_says_that_somebody_has_to_approve(self, phone: Client) -> None:
        organization = DomainFactory.create().organization

        answer = join(phone, organization)

        assert problem_code(answer) == (409, "needs_approval")

    def test_does_not_know_what_is_not_offered(self, phone: Client) -> None:
        organization = OrganizationFactory.create()

        answer = join(phone, organization)

        assert problem_code(answer) == (404, "organization_unknown")

    def test_keeps_an_organizations_own_app_in_it(
        self, mia: User, client_with: type_of_client, open_door: Organization
    ) -> None:
        answer = join(confined(mia, client_with), open_door)

        assert answer.status_code == 404
        assert not open_door.memberships.exists()

    def test_takes_more_than_a_token_that_reads(
        self, mia: User, client_with: type_of_client, open_door: Organization
    ) -> None:
        reader = client_with(personal_token(mia, scopes=[Scope.ORGANIZATION_READ]).secret)

        answer = join(reader, open_door)

        assert problem_code(answer) == (403, "insufficient_scope")


class TestFoundOrganization:
    def test_takes_a_personal_token_that_may_write(
        self, mia: User, client_with: type_of_client
    ) -> None:
        token = personal_token(mia, scopes=[Scope.ORGANIZATION_WRITE]).secret

        assert self.found(client_with(token), name="Acme").status_code == 201

    def test_takes_a_proved_address(self, phone: Client) -> None:
        EmailAddress.objects.update(verified=False)

        assert problem_code(self.found(phone, name="Acme")) == (403, "email_not_proved")

    @staticmethod
    def found(client: Client, **body: str) -> Any:
        return client.post(ORGANIZATIONS, body, content_type="application/json")
