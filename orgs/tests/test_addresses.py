"""Addresses in one spelling: where a person is known by it, there the mail goes."""

import pytest
from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from orgs.models import User
from orgs.models.addresses import kept_email, normal_email
from orgs.services.domain_names import domain_of
from orgs.services.people import NotAnAddress, checked_email
from orgs.tests.factories import UserFactory


class TestKeptEmail:
    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            (" Mia@Acme.example ", "mia@acme.example"),
            ("x@straße.de", "x@xn--strae-oqa.de"),
            ("x@STRAẞE.de", "x@xn--strae-oqa.de"),
            ("x@XN--STRAE-OQA.de", "x@xn--strae-oqa.de"),
            ("bob@\uff41cme\u3002com", "bob@acme.com"),
            ("o'neil+list@acme.example", "o'neil+list@acme.example"),
        ],
    )
    def test_has_one_spelling(self, written: str, kept: str) -> None:
        assert kept_email(written) == normal_email(written) == normal_email(kept) == kept

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "mia",
            "@acme.example",
            "mia@",
            "mia@@acme.example",
            "jörg@acme.example",
            "\u017fam@acme.example",
            '"x@evil.example"@acme.example',
            '"a\x01b"@acme.example',
            "=?utf-8?q?x=40evil.example=3e?=foo@acme.example",
            "=?utf-8?q?=ff?=@acme.example",
            "bob@[127.0.0.1]",
            "bob@a℀.com",
            "bob@☃.net",
            "a" * 64 + "@" + "b." * 95 + "com",
            "x@" + "é." * 40 + "com",
        ],
    )
    def test_refuses_what_mail_would_take_elsewhere_or_nowhere(self, written: str) -> None:
        with pytest.raises(ValidationError):
            kept_email(written)
        normal_email(written)

    def test_says_that_letters_must_be_plain(self) -> None:
        with pytest.raises(NotAnAddress, match="plain letters") as refusal:
            checked_email("jörg@acme.example")

        assert [fault.pointer for fault in refusal.value.faults] == ["/email"]

    @given(st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"]), max_size=3))
    def test_is_where_the_mail_goes(self, letters: str) -> None:
        try:
            kept = kept_email(f"x@a{letters}b.com")
        except ValidationError:
            return

        assert kept.isascii()
        assert sanitize_address(kept, "utf-8") == kept == f"x@{domain_of(kept)}"


@pytest.mark.django_db
class TestUserManager:
    def test_keeps_and_finds_the_one_spelling(self) -> None:
        user = User.objects.create_user("Mia@Straße.de")

        assert user.email == "mia@xn--strae-oqa.de"
        assert User.objects.get_by_natural_key("mia@straße.de") == user

    def test_makes_nobody_of_what_is_no_address(self) -> None:
        with pytest.raises(ValidationError):
            User.objects.create_user("jörg@acme.example")

    def test_refuses_an_operator_without_one(self) -> None:
        with pytest.raises(CommandError, match="plain letters"):
            call_command("createsuperuser", interactive=False, email="\u017fam@acme.example")

    def test_cleans_to_the_one_spelling(self) -> None:
        user = UserFactory.build(email="mia@straße.de")

        user.clean()

        assert user.email == "mia@xn--strae-oqa.de"
