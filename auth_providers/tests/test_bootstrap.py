"""From nothing to the first call: the bootstrap command."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from auth_providers.models import App, PersonalAccessToken
from auth_providers.services.clearing import clear_expired_tokens
from auth_providers.services.scopes import ALL_SCOPES
from auth_providers.services.tokens import NotSignedIn, identify
from orgs.models import AuditEvent, JoinRequest, Membership, Organization, User
from orgs.tests.factories import JoinRequestFactory, MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def bootstrap(*options: str, password: str | None = PASSWORD) -> Any:
    arguments = ["--email", "Ada@acme.example", "--organization", "Acme", *options]
    if password is not None:
        arguments += ["--password", password]
    output = io.StringIO()
    call_command("bootstrap", *arguments, stdout=output)
    return json.loads(output.getvalue())


class TestBootstrap:
    def test_makes_all_that_a_script_needs(self) -> None:
        printed = bootstrap()

        organization = Organization.objects.get()
        app = App.objects.get()
        caller = identify(printed["personal_access_token"])
        assert printed["organization_id"] == str(organization.pk)
        assert printed["client_id"] == app.client_id
        assert (app.organization, app.is_first_party) == (None, True)
        assert app.redirect_uri_allowed("http://127.0.0.1:4711/callback")
        assert (caller.user.email, caller.scopes) == ("ada@acme.example", ALL_SCOPES)
        assert caller.user.memberships.get().role == Membership.Role.OWNER

    def test_lets_its_people_sign_in(self, client: Client) -> None:
        printed = bootstrap("--app-user", "mia@acme.example")

        for email in ("ada@acme.example", "mia@acme.example"):
            body = {"client_id": printed["client_id"], "email": email, "password": PASSWORD}
            answer = client.post("/api/v1/auth/sign-in", body, content_type="application/json")
            assert answer.status_code == 200
        assert Membership.objects.get(user__email="mia@acme.example").role == "USER"

    def test_changes_nothing_the_second_time(self) -> None:
        first = bootstrap("--app-user", "mia@acme.example")

        second = bootstrap("--app-user", "mia@acme.example", password="another good password")

        assert second == {name: first[name] for name in ("organization_id", "client_id")}
        assert User.objects.count() == 2
        assert User.objects.get(email="ada@acme.example").check_password(PASSWORD)
        assert identify(first["personal_access_token"]).user.email == "ada@acme.example"

    def test_finds_the_organization_again_whatever_spaces_are_around_its_name(self) -> None:
        bootstrap("--organization", " Acme ")
        bootstrap("--organization", " Acme ")

        assert Organization.objects.get().name == "Acme"

    def test_prints_no_token_again_when_the_first_is_long_gone(self) -> None:
        bootstrap()
        later = timezone.now() + timedelta(days=300)
        clear_expired_tokens(now=later)
        assert not PersonalAccessToken.objects.exists()

        assert "personal_access_token" not in bootstrap()
        assert "personal_access_token" in bootstrap("--rotate-token")

    @pytest.mark.parametrize("is_active", [True, False])
    @pytest.mark.parametrize("role", Membership.Role.values)
    def test_makes_a_member_an_active_owner(self, *, role: str, is_active: bool) -> None:
        membership = MembershipFactory.create(
            organization__name="Acme",
            user__email="ada@acme.example",
            role=role,
            is_active=is_active,
        )

        bootstrap()

        owner = membership.organization.memberships.active().owners().get()
        assert owner == membership
        recorded = set(AuditEvent.objects.filter(act__startswith="member.").values_list("act"))
        expected = {
            ("member.enable",): not is_active,
            ("member.set_role",): role != Membership.Role.OWNER,
        }
        assert recorded == {act for act, is_expected in expected.items() if is_expected}

    def test_lets_the_app_user_back_in_their_role(self) -> None:
        former = MembershipFactory.create(
            organization__name="Acme", user__email="mia@acme.example", creator=True, is_active=False
        )

        bootstrap("--app-user", "mia@acme.example")

        member = former.organization.memberships.active().get(user=former.user)
        assert member.role == Membership.Role.CREATOR

    def test_ends_a_request_of_the_app_user_that_waits_there(self) -> None:
        bootstrap()
        waiting = JoinRequestFactory.create(organization=Organization.objects.get())

        bootstrap("--app-user", waiting.email)

        waiting.refresh_from_db()
        assert (waiting.status, waiting.decided_by) == (JoinRequest.Status.WITHDRAWN, None)

    def test_gives_a_new_token_when_asked(self) -> None:
        first = bootstrap()

        second = bootstrap("--rotate-token")

        assert identify(second["personal_access_token"]).scopes == ALL_SCOPES
        with pytest.raises(NotSignedIn):
            identify(first["personal_access_token"])
        assert PersonalAccessToken.objects.count() == 2

    def test_reads_the_password_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "password"
        path.write_text(f"{PASSWORD}\n")

        bootstrap("--password-file", str(path), password=None)

        assert User.objects.get().check_password(PASSWORD)

    def test_reads_the_password_from_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))

        bootstrap(password=None)

        assert User.objects.get().check_password(PASSWORD)

    def test_prefers_the_organization_that_the_person_owns(self) -> None:
        printed = bootstrap()
        OrganizationFactory.create(name="Acme")

        assert bootstrap()["organization_id"] == printed["organization_id"]

    def test_makes_an_operators_address_good_for_signing_in(self) -> None:
        User.objects.create_superuser("ada@acme.example", PASSWORD)

        bootstrap()

        assert User.objects.get().emailaddress_set.get().verified

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            (["--password", "123"], "too short"),
            (["--password-file", "/nowhere"], "Cannot read /nowhere"),
            (["--password", PASSWORD, "--app-user", "mia"], "not an e-mail address"),
        ],
    )
    def test_says_in_a_sentence_what_is_wrong(self, options: list[str], sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            bootstrap(*options, password=None)

        assert not User.objects.exists()

    def test_refuses_a_name_that_several_organizations_have(self) -> None:
        MembershipFactory.create(organization__name="Acme")
        MembershipFactory.create(organization__name="Acme")

        with pytest.raises(CommandError, match="Several organizations"):
            bootstrap()
