from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orgs.console.invite_forms import LIST_BYTES
from orgs.models import Invite, InviteTemplate, Membership
from orgs.tests.factories import InviteFactory, MembershipFactory, SolutionGroupFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

MANY = "/people/invite/many"


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory.create(owner=True)


@pytest.fixture
def browser(client: Client, owner: Membership) -> Client:
    client.force_login(owner.user)
    return client


def invite_of(owner: Membership, **more: Any) -> Invite:
    return InviteFactory.create(organization=owner.organization, **more)


class TestInvites:
    def test_says_the_next_step_where_there_are_none(self, browser: Client) -> None:
        page = browser.get("/invites")

        assert read_page(page).headings == ["Invites"]
        assert "Nobody is invited yet" in page.content.decode()

    def test_shows_what_became_of_each(self, browser: Client, owner: Membership) -> None:
        invite_of(owner, state=Invite.State.BOUNCED)
        invite_of(owner, expires_at=timezone.now() - timedelta(hours=1))
        invite_of(owner, email="sending@acme.example")
        InviteFactory.create(email="foreign@acme.example")

        page = browser.get("/invites").content.decode()

        for words in ("Bounced", "Expired", "Sending", "2 open"):
            assert words in page
        assert "foreign@acme.example" not in page

    def test_is_narrowed_by_the_address(self, browser: Client, owner: Membership) -> None:
        invite_of(owner, email="mia@acme.example", expires_at=timezone.now())
        invite_of(owner, email="lars@acme.example")

        page = browser.get("/invites", {"state": "EXPIRED", "search": "acme"}).content.decode()
        nothing = browser.get("/invites", {"state": "REVOKED"}).content.decode()

        assert "mia@acme.example" in page
        assert "lars@acme.example" not in page
        assert "No such invites" in nothing

    def test_asks_as_often_for_many_as_for_one(
        self,
        browser: Client,
        owner: Membership,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for _number in range(20):
            invite_of(owner, invited_by=owner.user)

        with django_assert_max_num_queries(14):
            browser.get("/invites")

    @pytest.mark.parametrize("address", ["/invites", "/people/invite", MANY])
    def test_is_for_owners_and_admins(
        self, client: Client, owner: Membership, address: str
    ) -> None:
        creator = MembershipFactory.create(organization=owner.organization, creator=True)
        client.force_login(creator.user)

        assert client.get(address).status_code == 403
        assert client.post(address).status_code in (403, 405)


class TestResendAndRevoke:
    def test_return_to_the_list_as_it_was(self, browser: Client, owner: Membership) -> None:
        InviteTemplate.objects.create(organization=owner.organization, language="de")
        invite = invite_of(owner)
        form = {"language": "de", "list": "?search=acme"}

        again = browser.post(f"/invites/{invite.pk}/resend", form, follow=True)
        revoked = browser.post(f"/invites/{invite.pk}/revoke", form, follow=True)

        assert again.redirect_chain == [("/invites?search=acme", 302)]
        assert "in German" in again.content.decode()
        assert "is revoked" in revoked.content.decode()
        invite.refresh_from_db()
        assert (invite.state, invite.language) == ("REVOKED", "de")

    def test_say_when_it_is_too_late(self, browser: Client, owner: Membership) -> None:
        invite = invite_of(owner, state=Invite.State.ACCEPTED)

        for act in ("resend", "revoke"):
            response = browser.post(f"/invites/{invite.pk}/{act}", follow=True)

            assert 'data-variant="destructive"' in response.content.decode()
        invite.refresh_from_db()
        assert invite.state == "ACCEPTED"

    def test_know_none_of_others(self, browser: Client) -> None:
        foreign = InviteFactory.create()

        assert browser.post(f"/invites/{foreign.pk}/resend").status_code == 404
        assert browser.post(f"/invites/{foreign.pk}/revoke").status_code == 404


class TestInviteAPerson:
    def test_invites_to_what_was_chosen(self, browser: Client, owner: Membership) -> None:
        group = SolutionGroupFactory.create(solution__organization=owner.organization)
        form = {
            "email": "lars@acme.example",
            "language": "de",
            "role": "CREATOR",
            "solutions": [str(group.solution.pk)],
            "groups": [str(group.pk)],
        }
        read_page(browser.get("/people/invite"))

        response = browser.post("/people/invite", form, follow=True)

        assert "lars@acme.example is invited." in response.content.decode()
        invite = Invite.objects.get()
        assert (invite.language, invite.role, invite.groups.get()) == ("de", "CREATOR", group)

    def test_says_at_the_address_who_is_in_already(
        self, browser: Client, owner: Membership
    ) -> None:
        form = {"email": owner.user.email, "language": "en", "role": "USER", "last_name": "Typed"}

        response = browser.post("/people/invite", form)

        assert response.status_code == 422
        read_page(response)
        assert f"{owner.user.email} is a member already." in response.content.decode()
        assert 'value="Typed"' in response.content.decode()

    def test_offers_an_admin_no_owners(self, client: Client, owner: Membership) -> None:
        admin = MembershipFactory.create(organization=owner.organization, admin=True)
        client.force_login(admin.user)
        form = {"email": "lars@acme.example", "language": "en", "role": "OWNER"}

        assert client.post("/people/invite", form).status_code == 422
        assert not Invite.objects.exists()


class TestInviteMany:
    LIST = "a@acme.example,Ada\nnonsense,Lars\nb@acme.example,Bea\n"

    def test_shows_what_would_come_of_each_line(self, browser: Client) -> None:
        read_page(browser.get(MANY))

        response = browser.post(MANY, {"text": self.LIST})

        read_page(response)
        page = response.content.decode()
        assert "Send 2 invitations" in page
        assert "This is not an e-mail address." in page
        assert not Invite.objects.exists()

    def test_leaves_lines_out_only_when_told_to(self, browser: Client) -> None:
        form = {"text": self.LIST, "send": "1"}

        refused = browser.post(MANY, form)
        sent = browser.post(MANY, form | {"leave_out": "on"}, follow=True)

        assert refused.status_code == 422
        assert "Say that they are to be left out." in refused.content.decode()
        assert "2 invitations are on their way." in sent.content.decode()
        assert Invite.objects.count() == 2

    def test_takes_a_file_of_a_spreadsheet(self, browser: Client) -> None:
        content = "\ufeffEmail;First name\r\nmia@acme.example;Zoë\r\n".encode()

        page = browser.post(MANY, {"file": SimpleUploadedFile("people.csv", content)})

        assert "Send 1 invitation" in page.content.decode()
        assert "Zoë" in page.content.decode()

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"text": " "}, "Paste some addresses"),
            ({"text": "x" * (LIST_BYTES + 1)}, "more than 256 KB"),
            ({"text": "email,shoe size\na@x.example,44"}, "shoe size"),
            ({"text": "a@x.example\n" * 1001}, "at most 1000 people"),
            ({"file": SimpleUploadedFile("x.csv", "Zoë".encode("latin-1"))}, "not UTF-8"),
        ],
    )
    def test_says_what_it_cannot_take(
        self, browser: Client, form: dict[str, Any], words: str
    ) -> None:
        response = browser.post(MANY, form)

        assert response.status_code == 422
        read_page(response)
        assert words in response.content.decode()
