"""The console's pages for how invitations read."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from orgs.models import InviteTemplate, Membership
from orgs.tests.factories import InviteFactory, MembershipFactory
from orgs.tests.pages import read_page

pytestmark = pytest.mark.django_db

LIST = "/invite-templates"
GERMAN = "/invite-templates/de"
PREVIEW = "/invite-templates/preview"


@pytest.fixture(autouse=True)
def _nothing_was_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada() -> Membership:
    return MembershipFactory.create(owner=True, organization__name="Acme")


@pytest.fixture
def browser(client: Client, ada: Membership) -> Client:
    client.force_login(ada.user)
    return client


class TestInviteTemplates:
    def test_says_the_next_step_where_nothing_is_written(self, browser: Client) -> None:
        page = browser.get(LIST)

        assert read_page(page).headings == ["Invite templates"]
        assert 'href="/invite-templates/en"' in page.content.decode()

    def test_flags_what_is_missing(self, browser: Client, ada: Membership) -> None:
        templates = ada.organization.invite_templates
        templates.create(language="en", subject="Hi", parameters={"heading": "Come"})
        templates.create(language="de", subject="Hallo")
        InviteFactory.create(organization=ada.organization, language="fr")

        page = browser.get(LIST).content.decode()

        assert "lacks Heading" in page
        assert "Write it in French" in page
        assert "1 open invitation" in page

    def test_opens_the_language_that_was_chosen(self, browser: Client) -> None:
        assert browser.get(f"{LIST}?language=de")["Location"] == GERMAN
        assert browser.get(f"{LIST}?language=xx").status_code == 200

    def test_asks_the_database_as_often_for_many(
        self,
        browser: Client,
        ada: Membership,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for language in ("en", "de", "fr", "es", "it", "nl"):
            ada.organization.invite_templates.create(language=language, changed_by=ada.user)

        with django_assert_max_num_queries(12):
            browser.get(LIST)

    @pytest.mark.parametrize("path", [LIST, GERMAN, f"{PREVIEW}?language=de"])
    def test_is_not_for_creators(self, client: Client, path: str) -> None:
        client.force_login(MembershipFactory.create(creator=True).user)

        assert client.get(path).status_code == 403


class TestInviteTemplate:
    def test_is_saved(self, browser: Client, ada: Membership) -> None:
        assert "Not written yet" in browser.get(GERMAN).content.decode()

        answer = browser.post(GERMAN, {"subject": "Hallo", "accent": "#facc15", "language": "de"})

        assert answer["Location"] == GERMAN
        template = InviteTemplate.objects.get()
        assert (template.language, template.subject) == ("de", "Hallo")
        assert template.parameters == {"accent": "#facc15"}
        page = browser.get(GERMAN)
        assert read_page(page).headings == ["Invitation in German"]
        assert 'value="Hallo"' in page.content.decode()
        assert f'action="{GERMAN}"' in page.content.decode()

    def test_shows_everything_typed_again_where_it_is_refused(self, browser: Client) -> None:
        page = browser.post(GERMAN, {"subject": "Hallo", "body": "{{nobody}}", "html": "<script>"})

        shown = page.content.decode()
        assert page.status_code == 422
        assert 'value="Hallo"' in shown
        assert "There is no placeholder {{nobody}}." in shown
        assert "&lt;script&gt; is not for mail" in shown
        assert not InviteTemplate.objects.exists()

    def test_does_not_know_a_language_that_is_none(self, browser: Client) -> None:
        assert browser.get("/invite-templates/xx").status_code == 404

    def test_is_tried_on_oneself_with_what_was_typed(
        self, browser: Client, ada: Membership, mailoutbox: list[EmailMessage]
    ) -> None:
        page = browser.post(f"{GERMAN}/test", {"subject": "Unsaved"})

        assert f"A test is on its way to {ada.user.email}." in page.content.decode()
        assert 'value="Unsaved"' in page.content.decode()
        assert [(mail.to, mail.subject) for mail in mailoutbox] == [([ada.user.email], "Unsaved")]
        assert not InviteTemplate.objects.exists()

    def test_is_removed_once_its_name_is_typed(self, browser: Client, ada: Membership) -> None:
        ada.organization.invite_templates.create(language="de")

        refused = browser.post(f"{GERMAN}/remove", {"name": "French"})
        assert refused.status_code == 422
        assert InviteTemplate.objects.exists()

        browser.post(f"{GERMAN}/remove", {"name": "german"})
        assert not InviteTemplate.objects.exists()

    @pytest.mark.parametrize("act", ["test", "remove"])
    def test_takes_its_acts_by_post(self, browser: Client, act: str) -> None:
        assert browser.get(f"{GERMAN}/{act}").status_code == 302


class TestPreview:
    def test_draws_what_was_typed_where_it_can_do_nothing(
        self, browser: Client, ada: Membership
    ) -> None:
        ada.organization.name = "<script>alert(1)</script>"
        ada.organization.save()

        drawn = browser.post(PREVIEW, {"language": "de", "heading": "Zu {{organization}}"})

        assert drawn.status_code == 200
        policy = drawn["Content-Security-Policy"]
        assert policy.startswith("sandbox; default-src 'none'")
        assert "script-src" not in policy
        assert "allow-" not in policy
        assert drawn["X-Frame-Options"] == "SAMEORIGIN"
        assert "Zu &lt;script&gt;" in drawn.content.decode()
        assert "<script" not in drawn.content.decode()

    def test_draws_the_text(self, browser: Client) -> None:
        form = {"language": "de", "subject": "Hallo {{first_name}}", "show": "text"}

        drawn = browser.post(PREVIEW, form).content.decode()

        assert "<h1>Hallo Mia</h1>" in drawn
        assert "/invitations/sample" in drawn

    def test_draws_what_is_saved(self, browser: Client, ada: Membership) -> None:
        ada.organization.invite_templates.create(language="de", parameters={"heading": "Los"})

        assert "Los" in browser.get(f"{PREVIEW}?language=de").content.decode()

    def test_says_what_is_saved_and_no_longer_taken(self, browser: Client, ada: Membership) -> None:
        ada.organization.invite_templates.create(language="de", html="<script></script>{{link}}")

        drawn = browser.get(f"{PREVIEW}?language=de").content.decode()

        assert "&lt;script&gt; is not for mail" in drawn

    def test_says_what_needs_another_look(self, browser: Client) -> None:
        drawn = browser.post(PREVIEW, {"language": "de", "accent": "red"}).content.decode()

        assert "Colour of the button" in drawn
        assert "#rrggbb" in drawn

    def test_may_be_framed_by_our_pages(self, browser: Client) -> None:
        policy = browser.get(GERMAN)["Content-Security-Policy"]

        assert "frame-src 'self';" in policy
        assert reverse("invite-template-preview") == PREVIEW
