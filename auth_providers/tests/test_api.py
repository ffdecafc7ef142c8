"""The API's doors for people, devices, personal tokens and apps."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from auth_providers.models import App, PersonalAccessToken
from auth_providers.services.scopes import ALL_SCOPES, DEVICE_SCOPES, Scope
from auth_providers.services.tokens import NotSignedIn, identify
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import AppFactory, personal_token, signed_in
from orgs.models import AuditEvent, Membership
from orgs.tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def problem_code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestBearer:
    @pytest.mark.parametrize(
        ("header", "challenge"),
        [
            (None, 'Bearer realm="jigxmgmt"'),
            ("Bearer nonsense", 'Bearer realm="jigxmgmt", error="invalid_token"'),
            ("Bearer", 'Bearer realm="jigxmgmt", error="invalid_token"'),
            ("Basic bWlhOnNlY3JldA==", 'Bearer realm="jigxmgmt", error="invalid_token"'),
        ],
    )
    def test_answers_401_with_a_challenge(
        self, client: Client, header: str | None, challenge: str
    ) -> None:
        answer = client.get("/api/v1/me", headers={"Authorization": header} if header else {})

        assert problem_code(answer) == (401, "unauthenticated")
        assert answer["WWW-Authenticate"] == challenge

    def test_says_405_of_what_a_view_does_not_do(self, client_with: type_of_client) -> None:
        client = client_with(personal_token().secret)

        assert client.put("/api/v1/me/personal-access-tokens").status_code == 405

    def test_takes_no_session(self, client: Client) -> None:
        client.force_login(UserFactory.create())

        assert client.get("/api/v1/me").status_code == 401


class TestReadMe:
    def test_tells_organizations_and_roles(self, client_with: type_of_client) -> None:
        membership = MembershipFactory.create(admin=True)
        MembershipFactory.create(user=membership.user, is_active=False)
        user = membership.user

        answer = client_with(signed_in(user).access_token).get("/api/v1/me").json()

        organization = {
            "id": str(membership.organization_id),
            "name": membership.organization.name,
            "role": "ADMIN",
        }
        assert answer["email"] == user.email
        assert answer["organizations"] == [organization]

    def test_takes_any_personal_token(self, client_with: type_of_client) -> None:
        created = personal_token(scopes=[Scope.CALLS_READ])

        assert client_with(created.secret).get("/api/v1/me").status_code == 200


class TestSignOut:
    def test_kills_the_family(self, client_with: type_of_client) -> None:
        issued = signed_in()

        answer = client_with(issued.access_token).post("/api/v1/auth/sign-out")

        assert answer.status_code == 204
        with pytest.raises(NotSignedIn):
            identify(issued.access_token)
        assert AuditEvent.objects.filter(act="device.sign_out").exists()

    def test_is_not_for_personal_tokens(self, client_with: type_of_client) -> None:
        answer = client_with(personal_token().secret).post("/api/v1/auth/sign-out")

        assert problem_code(answer) == (403, "insufficient_scope")


class TestMyDevices:
    def test_lists_ones_own_live_devices(self, client_with: type_of_client) -> None:
        user = UserFactory.create()
        here, there = signed_in(user), signed_in(user)
        signed_in(user, ago=timedelta(days=181))
        signed_in()

        listed = client_with(here.access_token).get("/api/v1/me/devices").json()

        current = {device["id"]: device["is_current"] for device in listed["results"]}
        assert current == {str(here.device.pk): True, str(there.device.pk): False}
        assert listed["next"] is None

    def test_revokes_another_of_ones_devices(self, client_with: type_of_client) -> None:
        user = UserFactory.create()
        here, lost = signed_in(user), signed_in(user)
        url = reverse("api-my-device", args=[lost.device.pk])
        client = client_with(here.access_token)

        assert client.get(url).json()["name"] == "Mia's phone"
        assert client.delete(url).status_code == 204
        assert client.get(url).status_code == 404
        with pytest.raises(NotSignedIn):
            identify(lost.access_token)

    def test_does_not_know_a_strangers_device(self, client_with: type_of_client) -> None:
        stranger = signed_in()
        url = reverse("api-my-device", args=[stranger.device.pk])

        assert client_with(signed_in().access_token).delete(url).status_code == 404
        assert identify(stranger.access_token).device == stranger.device


class TestMyPersonalAccessTokens:
    URL = "/api/v1/me/personal-access-tokens"
    BODY = {"name": "Nightly export", "scopes": ["solutions:read"]}

    def create(self, client: Client, body: Any = None, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return client.post(
            self.URL, body or self.BODY, content_type="application/json", headers=headers
        )

    def test_shows_the_secret_once(self, client_with: type_of_client) -> None:
        client = client_with(signed_in().access_token)

        created = self.create(client)

        secret = created.json()["secret"]
        assert created.status_code == 201
        assert created["Cache-Control"] == "no-store"
        assert secret.startswith("jxp_")
        assert identify(secret).scopes == {"solutions:read"}
        listed = client.get(self.URL).json()["results"]
        assert [row["id"] for row in listed] == [created.json()["id"]]
        assert secret not in str(listed)
        assert secret not in repr(list(PersonalAccessToken.objects.values()))
        assert secret not in repr(list(AuditEvent.objects.values()))

    def test_refuses_an_unknown_scope(self, client_with: type_of_client) -> None:
        client = client_with(signed_in().access_token)

        answer = self.create(client, {"name": "x", "scopes": ["solutions:read", "everything"]})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/scopes/1"

    def test_makes_no_token_that_can_do_more_than_the_calling_one(
        self, client_with: type_of_client
    ) -> None:
        client = client_with(personal_token(scopes=[Scope.TOKENS_WRITE]).secret)

        assert problem_code(self.create(client)) == (403, "insufficient_scope")

    @pytest.mark.parametrize("scope", sorted(ALL_SCOPES))
    def test_gives_a_device_no_scope_that_it_does_not_hold(
        self, client_with: type_of_client, scope: Scope
    ) -> None:
        owner = MembershipFactory.create(owner=True).user
        client = client_with(signed_in(owner).access_token)

        answer = self.create(client, {"name": "x", "scopes": [scope]})

        assert (answer.status_code == 201) == (scope in DEVICE_SCOPES)
        assert PersonalAccessToken.objects.exists() == (scope in DEVICE_SCOPES)

    def test_makes_no_token_for_an_app_that_is_not_first_party(
        self, client_with: type_of_client
    ) -> None:
        client = client_with(signed_in(app=AppFactory.create(is_first_party=False)).access_token)

        assert problem_code(self.create(client)) == (403, "not_allowed")

    def test_makes_no_token_for_an_app_that_stays_in_its_organization(
        self, client_with: type_of_client
    ) -> None:
        member = MembershipFactory.create()
        app = AppFactory.create(organization=member.organization)
        client = client_with(signed_in(member.user, app=app).access_token)

        assert problem_code(self.create(client)) == (403, "not_allowed")
        assert not PersonalAccessToken.objects.exists()

    def test_is_made_once_for_a_key_and_never_shown_again(
        self, client_with: type_of_client
    ) -> None:
        client = client_with(signed_in().access_token)
        created = self.create(client, key="k").json()

        again = self.create(client, key="k")

        assert problem_code(again) == (409, "already_done")
        assert again.json()["subject_id"] == created["id"]
        assert created["secret"] not in again.content.decode()
        assert PersonalAccessToken.objects.count() == 1

    def test_refuses_a_key_with_another_body(self, client_with: type_of_client) -> None:
        client = client_with(signed_in().access_token)
        self.create(client, key="k")

        answer = self.create(client, self.BODY | {"name": "Other"}, key="k")

        assert problem_code(answer) == (422, "idempotency_key_reused")

    def test_extends_and_revokes(self, client_with: type_of_client) -> None:
        created = personal_token(ago=timedelta(days=100))
        client = client_with(created.secret)
        url = reverse("api-my-token", args=[created.token.pk])

        assert client.post(f"{url}/extend").status_code == 200
        later = created.token.expires_at + timedelta(days=14)
        assert PersonalAccessToken.objects.get().expires_at == later
        assert client.delete(url).status_code == 204
        assert client.get(url).status_code == 401

    def test_does_not_know_a_strangers_token(self, client_with: type_of_client) -> None:
        url = reverse("api-my-token", args=[personal_token().token.pk])
        client = client_with(personal_token().secret)

        assert client.get(url).status_code == 404
        assert client.delete(url).status_code == 404
        assert client.post(f"{url}/extend").status_code == 404


class TestOrganizationApps:
    BODY = {"name": "Field", "redirect_urls": ["com.example.field:/callback"]}

    def client_of(self, client_with: type_of_client, membership: Membership) -> Client:
        return client_with(personal_token(membership.user).secret)

    def post(self, client: Client, membership: Membership, body: Any = None) -> Any:
        url = reverse("api-apps", args=[membership.organization_id])
        return client.post(url, body or self.BODY, content_type="application/json")

    def test_registers_a_public_app(self, client_with: type_of_client) -> None:
        membership = MembershipFactory.create(admin=True)
        client = self.client_of(client_with, membership)

        made = self.post(client, membership)

        assert made.status_code == 201
        app = App.objects.get(client_id=made.json()["client_id"])
        assert (app.organization, app.client_type) == (membership.organization, App.CLIENT_PUBLIC)
        assert not app.is_first_party
        listed = client.get(reverse("api-apps", args=[membership.organization_id])).json()
        assert listed["results"] == [made.json()]
        assert AuditEvent.objects.filter(act="app.create", actor=membership.user).exists()

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/callback",
            "https:///callback",
            "https://mia@example.com/callback",
            "https://example.com/callback#x",
            "https://example.com/call back",
            "javascript:alert(1)",
            "field:/callback",
            "https://example.com:port/",
            "",
        ],
    )
    def test_refuses_addresses_that_are_not_the_apps_own(
        self, client_with: type_of_client, url: str
    ) -> None:
        membership = MembershipFactory.create(admin=True)
        body = {"name": "Field", "redirect_urls": ["https://example.com/callback", url]}

        answer = self.post(self.client_of(client_with, membership), membership, body)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/redirect_urls/1"

    def test_is_not_for_creators(self, client_with: type_of_client) -> None:
        membership = MembershipFactory.create(creator=True)
        client = self.client_of(client_with, membership)

        assert problem_code(self.post(client, membership)) == (403, "not_allowed")
        listed = client.get(reverse("api-apps", args=[membership.organization_id]))
        assert listed.status_code == 403

    def test_is_not_for_devices(self, client_with: type_of_client) -> None:
        membership = MembershipFactory.create(owner=True)
        client = client_with(signed_in(membership.user).access_token)

        assert problem_code(self.post(client, membership)) == (403, "insufficient_scope")

    def test_does_not_know_a_strangers_organization(self, client_with: type_of_client) -> None:
        stranger = MembershipFactory.create(owner=True)
        client = self.client_of(client_with, MembershipFactory.create(owner=True))

        assert problem_code(self.post(client, stranger)) == (404, "organization_unknown")

    def test_changes_and_removes_one(self, client_with: type_of_client) -> None:
        membership = MembershipFactory.create(admin=True)
        client = self.client_of(client_with, membership)
        made = self.post(client, membership).json()
        url = reverse("api-app", args=[membership.organization_id, made["id"]])

        changed = client.patch(url, {"platforms": ["ios"]}, content_type="application/json")

        assert changed.json() == made | {"platforms": ["ios"]} == client.get(url).json()
        assert client.delete(url).status_code == 204
        assert client.get(url).status_code == 404

    def test_does_not_know_an_app_of_others(self, client_with: type_of_client) -> None:
        mine, theirs = MembershipFactory.create_batch(2, admin=True)
        made = self.post(self.client_of(client_with, theirs), theirs).json()
        client = self.client_of(client_with, mine)

        for organization_id in (mine.organization_id, theirs.organization_id):
            url = reverse("api-app", args=[organization_id, made["id"]])
            assert client.delete(url).status_code == 404


class TestSchema:
    def test_describes_how_to_sign_in(self, client: Client) -> None:
        document = client.get("/api/v1/schema/?format=json").json()

        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
        assert document["paths"]["/api/v1/auth/sign-in"]["post"].get("security") in (None, [{}])
