from typing import Any

import pytest
from django.test import Client

from orgs.models import Invite, Membership, User
from orgs.tests.factories import PASSWORD, InviteFactory, MembershipFactory, UserFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-nobody-guesses"
LINK = f"/invitations/{TOKEN}"
PAGE = "/invitation"
NEW = {"first_name": "Lars", "last_name": "Eriksen", "password": PASSWORD}


def invite_of(email: str = "lars@acme.example", **more: Any) -> Invite:
    more.setdefault("organization__name", "Acme")
    return InviteFactory.create(email=email, token=TOKEN, **more)


def open_link(client: Client) -> Any:
    """Open the link, as a click in the mail does, and check that the page is clean."""
    response = client.get(LINK, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert TOKEN not in response.content.decode()
    read_page(response)
    return response


class TestOpenLink:
    def test_changes_nothing(self, client: Client) -> None:
        invite = invite_of()
        before = Invite.objects.values().get()

        open_link(client)
        client.head(LINK)

        assert Invite.objects.values().get(pk=invite.pk) == before
        assert not User.objects.filter(email=invite.email).exists()

    def test_leaves_no_token_in_the_session(self, client: Client) -> None:
        invite_of()

        open_link(client)

        assert TOKEN not in str(dict(client.session))

    def test_moves_the_invitation_to_a_session_that_nobody_knows(self, client: Client) -> None:
        invite_of()
        open_link(client)
        before = client.session.session_key

        open_link(client)

        assert client.session.session_key != before
        assert before
        assert not client.session.exists(before)

    def test_leaves_the_session_of_who_is_signed_in(self, client: Client) -> None:
        client.force_login(UserFactory.create())
        before = client.session.session_key
        invite_of()

        client.get(LINK)

        assert client.session.session_key == before


class TestSomebodyWithoutAnAccount:
    def test_makes_one_and_is_in(self, client: Client) -> None:
        invite = invite_of(first_name="Lars", role=Membership.Role.ADMIN)
        page = open_link(client)
        assert "Join Acme" in page.content.decode()
        assert "at least 8 characters" in page.content.decode()

        response = client.post(PAGE, NEW)

        joined = f"/register/organization/{invite.organization_id}/joined"
        assert response.headers["Location"] == joined
        user = User.objects.get(email="lars@acme.example")
        assert client.session["_auth_user_id"] == str(user.pk)
        assert user.memberships.get().role == "ADMIN"
        assert "What Acme runs" in client.get("/").content.decode()

    def test_sees_the_fault_beside_the_field_with_all_that_was_typed(self, client: Client) -> None:
        invite = invite_of()
        open_link(client)

        response = client.post(PAGE, NEW | {"last_name": "Okafor", "password": "short"})

        assert response.status_code == 422
        read_page(response)
        assert "This password is too short" in response.content.decode()
        assert 'value="Okafor"' in response.content.decode()
        assert not User.objects.filter(email=invite.email).exists()


class TestSomebodyWithAnAccount:
    def test_signs_in_and_accepts(self, client: Client) -> None:
        user = UserFactory.create()
        invite_of(user.email)
        page = open_link(client)
        assert "/accounts/login/?next=/invitation" in page.content.decode()

        form = {"login": user.email, "password": PASSWORD, "next": PAGE}
        signed_in = client.post("/accounts/login/", form, follow=True)
        assert "Accept the invitation" in signed_in.content.decode()
        client.post(PAGE)

        assert user.memberships.get().organization.name == "Acme"

    def test_does_not_get_in_by_the_link_alone(self, client: Client) -> None:
        user = UserFactory.create()
        invite_of(user.email)
        open_link(client)

        client.post(PAGE, NEW)

        assert not user.memberships.exists()
        assert "_auth_user_id" not in client.session

    def test_is_told_when_they_were_disabled(self, client: Client) -> None:
        member = MembershipFactory.create(is_active=False)
        invite_of(member.user.email, organization=member.organization)
        client.force_login(member.user)
        open_link(client)

        response = client.post(PAGE)

        assert "let go" in response.content.decode()
        member.refresh_from_db()
        assert not member.is_active


class TestSomebodyElse:
    def test_is_refused_and_shown_the_way_out(self, client: Client) -> None:
        other = UserFactory.create()
        invite_of()
        client.force_login(other)

        page = open_link(client)
        accepted = client.post(PAGE)

        assert (page.status_code, accepted.status_code) == (403, 403)
        assert f"you are signed in as {other.email}" in page.content.decode()
        assert not other.memberships.exists()

        back = client.post("/invitation/sign-out", follow=True)

        assert back.redirect_chain == [(PAGE, 302)]
        assert "Create the account and join" in back.content.decode()


class TestEnded:
    @pytest.mark.parametrize(
        ("state", "words"),
        [
            (Invite.State.ACCEPTED, "was accepted already"),
            (Invite.State.REVOKED, "was revoked"),
            (Invite.State.EXPIRED, "has expired"),
        ],
    )
    def test_says_what_became_of_it(self, client: Client, state: str, words: str) -> None:
        invite_of(state=state)

        page = open_link(client)

        assert page.status_code == 404
        assert words in page.content.decode()

    def test_ends_for_who_accepts_when_nobody_stands_behind_it_any_more(
        self, client: Client
    ) -> None:
        invite = invite_of()
        open_link(client)
        Membership.objects.filter(user=invite.invited_by).update(is_active=False)

        for answer in (client.get(PAGE), client.post(PAGE, NEW)):
            assert answer.status_code == 404
            assert "was revoked" in answer.content.decode()

        assert not User.objects.filter(email=invite.email).exists()
        invite.refresh_from_db()
        assert invite.state == Invite.State.REVOKED

    def test_says_what_to_do_with_a_link_that_is_unknown(self, client: Client) -> None:
        for address in ("/invitations/nonsense", PAGE):
            response = client.get(address, follow=True)

            assert response.status_code == 404
            assert read_page(response).headings == ["This invitation no longer works"]
