"""Invite templates at the API's door."""

from typing import Any

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse

from auth_providers.services.scopes import ALL_SCOPES, Scope
from auth_providers.tests.conftest import type_of_client
from auth_providers.tests.factories import personal_token
from orgs.models import InviteTemplate, Membership
from orgs.tests.factories import InviteFactory, MembershipFactory

pytestmark = pytest.mark.django_db

JSON = "application/json"


@pytest.fixture
def admin() -> Membership:
    return MembershipFactory.create(admin=True, organization__name="Acme")


@pytest.fixture
def api(admin: Membership, client_with: type_of_client) -> Client:
    cache.clear()
    return client_with(personal_token(admin.user).secret)


def url(admin: Membership, name: str = "api-invite-template", language: str = "de") -> str:
    return reverse(name, args=[admin.organization_id, language])


class TestInviteTemplates:
    def put(self, api: Client, admin: Membership, body: Any, language: str = "de") -> Any:
        return api.put(url(admin, language=language), body, content_type=JSON)

    def test_are_written_read_listed_and_removed(self, api: Client, admin: Membership) -> None:
        body = {"subject": "Hallo", "parameters": {"accent": "#facc15"}, "text": "x {{link}} "}
        InviteFactory.create(organization=admin.organization, language="fr")

        written = self.put(api, admin, body)

        assert written.status_code == 200
        read = api.get(url(admin)).json()
        assert read == written.json()
        assert {name: read[name] for name in body} == body
        listed = api.get(reverse("api-invite-templates", args=[admin.organization_id])).json()
        assert listed["results"] == [read]
        assert listed["next"] is None
        assert {"language": "fr", "name": "French", "open_invites": 1, "people": 0} in listed[
            "missing"
        ]
        assert api.delete(url(admin)).status_code == 204
        assert api.get(url(admin)).status_code == 404

    def test_say_each_fault(self, api: Client, admin: Membership) -> None:
        body = {"subject": "{{nobody}}", "parameters": {"accent": "red", "what": "x"}}

        answer = self.put(api, admin, body)

        assert answer.status_code == 422
        pointers = {fault["pointer"] for fault in answer.json()["errors"]}
        assert pointers == {"/subject", "/parameters/accent", "/parameters/what"}
        assert not InviteTemplate.objects.exists()

    def test_know_the_languages(self, api: Client, admin: Membership) -> None:
        answer = self.put(api, admin, {}, "xx")

        assert (answer.status_code, answer.json()["code"]) == (404, "language_unknown")

    def test_are_previewed(self, api: Client, admin: Membership) -> None:
        path = url(admin, "api-invite-template-preview")

        drawn = api.post(path, {"subject": "Zu {{organization}}"}, content_type=JSON).json()

        assert drawn["subject"] == "Zu Acme"
        assert "/invitations/sample" in drawn["text"]
        assert "<html" in drawn["html"]

    def test_are_tried_on_oneself_once_for_a_key(
        self, api: Client, admin: Membership, mailoutbox: list[EmailMessage]
    ) -> None:
        path = url(admin, "api-invite-template-test")

        answers = [
            api.post(path, {}, content_type=JSON, headers={"Idempotency-Key": "k"})
            for _ in range(2)
        ]

        assert [answer.status_code for answer in answers] == [202, 409]
        assert [mail.to for mail in mailoutbox] == [[admin.user.email]]

    def test_are_not_for_creators(self, admin: Membership, client_with: type_of_client) -> None:
        creator = MembershipFactory.create(organization=admin.organization, creator=True)
        api = client_with(personal_token(creator.user).secret)

        assert api.get(url(admin)).status_code == 403
        assert self.put(api, admin, {}).status_code == 403

    def test_do_not_exist_for_strangers(
        self, admin: Membership, client_with: type_of_client
    ) -> None:
        stranger = MembershipFactory.create(owner=True)
        api = client_with(personal_token(stranger.user).secret)

        assert self.put(api, admin, {}).status_code == 404

    def test_are_written_with_the_scope_for_it(
        self, admin: Membership, client_with: type_of_client
    ) -> None:
        scopes = ALL_SCOPES - {Scope.ORGANIZATION_WRITE}
        api = client_with(personal_token(admin.user, scopes=scopes).secret)

        assert self.put(api, admin, {}).status_code == 403
        assert (
            api.get(reverse("api-invite-templates", args=[admin.organization_id])).status_code
            == 200
        )
