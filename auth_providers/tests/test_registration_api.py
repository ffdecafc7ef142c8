"""Registration's doors for apps."""

from typing import Any

import pytest
from django.test import Client

from auth_providers.tests.registering import Committing, newest_code
from orgs.models import Domain, User
from orgs.tests.factories import PASSWORD, DomainFactory, UserFactory

pytestmark = pytest.mark.django_db

EMAIL = "mia@acme.example"
NAMES = {"first_name": "Mia", "last_name": "Brandenburger"}


class TestDoors:
    @pytest.fixture(autouse=True)
    def _post(self, client: Client, django_capture_on_commit_callbacks: Committing) -> None:
        self.client, self.committing = client, django_capture_on_commit_callbacks

    def post(self, path: str, **body: str) -> Any:
        with self.committing(execute=True):
            url = f"/api/v1/auth/{path}"
            return self.client.post(url, body, content_type="application/json")

    def test_register_and_confirm(self) -> None:
        DomainFactory.create(organization__name="Acme", organization__region_label="EU")

        asked = self.post("register", email=EMAIL, **NAMES)
        first = newest_code()
        again = self.post("register/resend", email=EMAIL)
        made = self.post("register/confirm", email=EMAIL, code=newest_code(), password=PASSWORD)

        assert (asked.status_code, again.status_code, asked.content) == (202, 202, b"")
        assert first
        assert made.status_code == 201
        answer = made.json()
        assert answer["user_id"] == str(User.objects.get().pk)
        assert answer["organizations"] == [
            {
                "id": str(Domain.objects.get().organization_id),
                "name": "Acme",
                "region_label": "EU",
                "domain": "acme.example",
                "is_proved": False,
                "policy": "REQUEST",
            }
        ]

    def test_take_the_names_of_who_confirms(self) -> None:
        self.post("register", email=EMAIL, first_name="Eve", last_name="Other")

        named = {"email": EMAIL, "password": PASSWORD} | NAMES
        wrong = self.post(
            "register/confirm", **named | {"code": newest_code(), "last_name": "E\nk"}
        )
        self.post("register/confirm", code=newest_code(), **named)

        assert (wrong.status_code, wrong.json()["code"]) == (422, "names_invalid")
        assert wrong.json()["errors"][0]["pointer"] == "/last_name"
        assert User.objects.get().display_name == "Mia Brandenburger"

    def test_answer_the_same_for_known_and_unknown(self) -> None:
        UserFactory.create(email=EMAIL)

        def answers(email: str) -> list[tuple[int, Any]]:
            given = [
                self.post("register", email=email, **NAMES),
                self.post("register/confirm", email=email, code="000000", password=PASSWORD),
                self.post("register/resend", email=email),
                self.post("register/resend", email=email),
                self.post("register/resend", email=email),
            ]
            return [
                (answer.status_code, answer.json()["code"] if answer.content else None)
                for answer in given
            ]

        assert answers(EMAIL) == answers("eve@acme.example")

    def test_say_what_is_wrong_with_each_field(self) -> None:
        wrong = self.post("register/confirm", email=EMAIL, code="000000", password=PASSWORD)
        weak = self.post("register/confirm", email=EMAIL, code="000000", password="pass")
        unknown = self.post("register", email=EMAIL, client_id="x", **NAMES)

        for answer, code, pointer in (
            (wrong, "code_wrong", "/code"),
            (weak, "password_weak", "/password"),
            (unknown, "client_unknown", "/client_id"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (422, code)
            assert answer.json()["errors"][0]["pointer"] == pointer

    def test_say_when_to_come_back(self) -> None:
        for _ in range(3):
            self.post("register", email=EMAIL, **NAMES)

        answer = self.post("register", email=EMAIL, **NAMES)

        assert (answer.status_code, answer["Retry-After"]) == (429, "300")
