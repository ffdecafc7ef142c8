"""How an invitation reads, and that what people wrote stays text in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.mail import EmailMessage

from orgs.mail.colours import ink_on, luminance_of
from orgs.mail.invitations import deliver_rendered, render_invitation
from orgs.mail.placeholders import faults_in, fill, fill_html, fill_line
from orgs.models import Invite, InviteTemplate, Membership
from orgs.models.languages import LANGUAGES, is_language
from orgs.tests.factories import InviteFactory, MembershipFactory

pytestmark = pytest.mark.django_db

LINK = "https://portal.example/invitations/secret?a=1&b=2"


@pytest.fixture
def ada() -> Membership:
    return MembershipFactory.create(
        owner=True, organization__name="Acme", user__first_name="Ada", user__last_name="Nkosi"
    )


@pytest.fixture
def invite(ada: Membership) -> Invite:
    return InviteFactory.create(
        organization=ada.organization,
        invited_by=ada.user,
        email="mia@acme.example",
        first_name="Mia",
        language="de",
        expires_at=datetime(2026, 12, 9, tzinfo=UTC),
    )


def write(invite: Invite, language: str, **parts: Any) -> InviteTemplate:
    return InviteTemplate.objects.create(
        organization=invite.organization, language=language, **parts
    )


class TestPlaceholders:
    def test_are_looked_up_and_never_evaluated(self) -> None:
        text = "{{ first_name }} {{first_name.upper}} {% now 'Y' %} {{nobody}}"

        assert fill(text, {"first_name": "Mia"}) == "Mia {% now 'Y' %}"

    @pytest.mark.parametrize(
        ("text", "filled"),
        [
            ("Hello {{first_name}},", "Hello,"),
            ("{{first_name}} {{last_name}}", " Person"),
            ("{{last_name}}, welcome", "Person, welcome"),
        ],
    )
    def test_without_a_value_take_the_space_before_along(self, text: str, filled: str) -> None:
        assert fill(text, {"first_name": "", "last_name": "Person"}) == filled

    def test_are_not_looked_for_in_a_value(self) -> None:
        values = {"first_name": "{{link}}", "link": LINK}

        assert fill("Hello {{first_name}}", values) == "Hello {{link}}"

    def test_stay_text_in_html(self) -> None:
        values = {"first_name": "<img src=x onerror=alert(1)>\"'"}

        filled = fill_html("<a title={{first_name}}>{{first_name}}</a>", values)

        written = "&lt;img&#32;src&#61;x&#32;onerror&#61;alert(1)&gt;&quot;&#x27;"
        assert filled == f"<a title={written}>{written}</a>"

    def test_make_no_second_header(self) -> None:
        values = {"organization": "Acme\r\nBcc: eve@evil.example"}

        assert fill_line("Join {{organization}}", values) == "Join Acme Bcc: eve@evil.example"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{{frist_name}}", "There is no placeholder {{frist_name}}."),
            ("{{user.password}}", "There is no placeholder {{user.password}}."),
            ("{{first_name", "opened with {{"),
        ],
    )
    def test_that_stand_for_nothing_are_named(self, text: str, words: str) -> None:
        (fault,) = faults_in(text)

        assert words in fault


class TestInkOn:
    @pytest.mark.parametrize(
        ("colour", "ink"),
        [("#4338ca", "#ffffff"), ("#facc15", "#000000"), ("#ffffff", "#000000")],
    )
    def test_is_the_one_that_is_easier_to_read(self, colour: str, ink: str) -> None:
        assert ink_on(colour) == ink

    def test_can_be_read_on_every_grey(self) -> None:
        for level in range(256):
            colour = f"#{level:02x}{level:02x}{level:02x}"
            lighter, darker = sorted(map(luminance_of, (colour, ink_on(colour))), reverse=True)

            assert (lighter + 0.05) / (darker + 0.05) >= 4.5


class TestLanguages:
    def test_are_those_of_iso_639_1(self) -> None:
        assert len(LANGUAGES) == 183
        assert dict(LANGUAGES)["de"] == "German"
        assert not is_language("sh")
        assert not is_language("xx")


class TestRenderInvitation:
    def test_speaks_our_words_where_nobody_wrote_any(self, invite: Invite) -> None:
        rendered = render_invitation(invite, link=LINK)

        assert rendered.subject == "Ada Nkosi invites you to Acme"
        assert "Hello Mia," in rendered.text
        assert LINK in rendered.text
        assert "December 9, 2026" in rendered.text
        assert 'href="https://portal.example/invitations/secret?a=1&amp;b=2"' in rendered.html
        assert LINK not in repr(rendered)

    def test_reads_as_the_template_of_its_language(self, invite: Invite) -> None:
        write(invite, "en", subject="Come in")
        write(
            invite,
            "de",
            subject="Komm zu {{organization}}",
            parameters={"heading": "Bis {{expires}}", "accent": "#facc15"},
        )

        rendered = render_invitation(invite, link=LINK)

        assert rendered.subject == "Komm zu Acme"
        assert "Bis 9. Dezember 2026" in rendered.html
        assert "background:#facc15;color:#000000" in rendered.html
        assert '<html lang="de" dir="ltr">' in rendered.html

    @pytest.mark.parametrize(
        ("written", "chosen"), [(["fr", "en"], "en"), (["fr", "es"], "es"), (["de", "en"], "de")]
    )
    def test_falls_back_to_english_or_the_first(
        self, invite: Invite, written: list[str], chosen: str
    ) -> None:
        for language in written:
            write(invite, language, subject=language)

        assert render_invitation(invite, link=LINK).subject == chosen

    def test_sends_bodies_of_ones_own(self, invite: Invite) -> None:
        write(invite, "de", html='<a href="{{link}}">Hallo</a>', text="Hallo: {{link}}")

        rendered = render_invitation(invite, link=LINK)

        assert rendered.text == f"Hallo: {LINK}"
        assert rendered.html.endswith(">Hallo</a>")
        assert "a&#61;1&amp;b&#61;2" in rendered.html

    def test_falls_back_where_a_saved_part_would_give_the_link_away(self, invite: Invite) -> None:
        write(
            invite,
            "de",
            subject="Komm {{link}}",
            parameters={"heading": "Hallo", "body": "https://evil.example/?{{link}}"},
            html='<img src="https://evil.example/?{{link}}"><a href="{{link}}">Hallo</a>',
            text="https://evil.example/?{{link}}",
        )

        rendered = render_invitation(invite, link=LINK)

        assert rendered.subject == "Ada Nkosi invites you to Acme"
        assert "evil.example" not in rendered.html + rendered.text
        assert ">Hallo</h1>" in rendered.html

    def test_keeps_names_as_text(self, invite: Invite) -> None:
        invite.first_name = "<script>alert(1)</script>"
        invite.organization.name = "Acme <b>\nBcc: eve@evil.example"

        rendered = render_invitation(invite, link=LINK)

        assert "<script>" not in rendered.html
        assert "<b>" not in rendered.html
        assert "\n" not in rendered.subject

    def test_shows_the_logo_and_an_icon_at_the_public_address(
        self, invite: Invite, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "https://portal.example"
        write(invite, "de", parameters={"icon": "rocket"})

        rendered = render_invitation(invite, link=LINK)

        assert 'src="https://portal.example/static/mail/rocket-light.png"' in rendered.html

    def test_is_written_from_right_to_left_where_the_language_is(self, invite: Invite) -> None:
        write(invite, "he", subject="x")

        assert 'dir="rtl"' in render_invitation(invite, link=LINK).html


class TestDeliverRendered:
    def test_goes_to_the_invited_as_text_and_html(
        self, invite: Invite, mailoutbox: list[EmailMessage]
    ) -> None:
        deliver_rendered(render_invitation(invite, link=LINK), to=invite.email)

        (mail,) = mailoutbox
        assert mail.to == ["mia@acme.example"]
        assert LINK in mail.body
        assert "text/html" in mail.message().as_string()
