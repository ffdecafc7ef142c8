"""Codes to addresses; nothing here tells anybody but the owner of an address about an account."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django_stubs_ext import StrPromise

from auth_providers.models import EmailCode
from orgs.mail import Letter, deliver
from orgs.models import Organization, User

CODES = 1_000_000
# What the library's codes are for, by the name of its own template.
CODE_WORDS: Mapping[str, StrPromise] = {
    "account/email/email_confirmation": _lazy("Type this code to prove that the address is yours:"),
    "account/email/email_confirmation_signup": _lazy(
        "Type this code to prove that the address is yours:"
    ),
    "account/email/password_reset_code": _lazy("Type this code to choose a new password:"),
}
# The library's letter to an address that no account has.
TO_STRANGERS = "account/email/unknown_account"
NOTICES: Mapping[str, tuple[StrPromise, StrPromise]] = {
    "user.change_password": (
        _lazy("Your password was changed"),
        _lazy("The password of your account was changed, by somebody who knew the old one."),
    ),
    "user.change_email": (
        _lazy("Your e-mail address was changed"),
        _lazy("Your account goes by another e-mail address from now on, and no longer by this."),
    ),
    "authenticator_app.set_up": (
        _lazy("An authenticator app was set up"),
        _lazy("Signing in to your account now takes a code of an authenticator app."),
    ),
    "authenticator_app.turn_off": (
        _lazy("The authenticator app was turned off"),
        _lazy("Signing in to your account no longer takes a code of the authenticator app."),
    ),
    "passkey.add": (
        _lazy("A passkey was added"),
        _lazy("A passkey or security key was added to your account."),
    ),
    "passkey.remove": (
        _lazy("A passkey was removed"),
        _lazy("A passkey or security key was removed from your account."),
    ),
    "identity.link": (
        _lazy("A way to sign in was added"),
        _lazy("An account at a single sign-on provider was linked to your account."),
    ),
    "identity.unlink": (
        _lazy("A way to sign in was taken away"),
        _lazy("An account at a single sign-on provider is no longer linked to your account."),
    ),
    "recovery_codes.make": (
        _lazy("New recovery codes were made"),
        _lazy("The recovery codes that you had before no longer work."),
    ),
}


def may_have_code(asked: EmailCode, person: User | None) -> bool:
    """Answer whether a code does what it is asked for: there is an account, or there is none."""
    if asked.purpose == EmailCode.Purpose.REGISTER:
        return person is None
    return person is not None and person.is_active


def mail_code(asked: EmailCode, *, person: User | None, now: datetime) -> None:
    """Make a code and mail it, or mail what else is true of the address and whose it is.

    An address that may have no code gets one that nobody was ever told, so that a guess at it
    costs the same work as any other. Raises OSError when the mail server does not take the letter.
    """
    may_have_one = may_have_code(asked, person)
    is_known = asked.purpose == EmailCode.Purpose.REGISTER and person is not None
    otherwise = _letter_to_known() if is_known else None
    code = f"{secrets.randbelow(CODES):06}" if may_have_one else secrets.token_hex()
    letter = _letter_with(code, asked.purpose) if may_have_one else otherwise
    if asked.set_code(code, now) and letter:
        deliver(letter, to=asked.email)


def mail_password_was_reset(user: User) -> None:
    """Tell somebody what was done with their account, who may not have done it."""
    letter = Letter(
        subject=_("Your password was changed"),
        paragraphs=[
            _("Somebody chose a new password for your account with a code sent to this address."),
            _("All browsers and devices were signed out. Personal access tokens go on working."),
            _("If that was not you, change the password now, and tell whoever runs your mail."),
        ],
        link_label=_("Reset the password"),
        link=_address("account_reset_password"),
    )
    deliver(letter, to=user.email)


def mail_account_notice(act: str, *, to: str) -> None:
    """Tell somebody what was done with their account, who may not have done it."""
    subject, sentence = NOTICES[act]
    letter = Letter(
        subject=str(subject),
        paragraphs=[
            str(sentence),
            _("If that was you, there is nothing to do. If not, choose a new password now."),
        ],
        link_label=_("Reset the password"),
        link=_address("account_reset_password"),
    )
    deliver(letter, to=to)


def mail_break_glass(person: User, *, organization: Organization, to: str) -> None:
    """Tell an owner that somebody came in past the single sign-on that is required."""
    named = {"person": person.display_name, "email": person.email, "organization": organization}
    letter = Letter(
        subject=_("Somebody signed in to %(organization)s without single sign-on") % named,
        paragraphs=[
            _("%(person)s (%(email)s) signed in by password or passkey.") % named,
            _("Single sign-on is required, and this account is kept for emergencies."),
            _("If nobody of you did this, take the account from those for emergencies now."),
        ],
        link_label=_("Single sign-on"),
        link=_address("single-sign-on"),
    )
    deliver(letter, to=to)


def mail_no_account(*, to: str) -> None:
    """Tell the owner of an address that no account has what they can do instead."""
    letter = Letter(
        subject=_("There is no account with this address"),
        paragraphs=[
            _("Somebody, you perhaps, asked for a new password for an account with this address."),
            _("It has none. If you have another address, try that; or make an account."),
            _("If it was not you, there is nothing to do."),
        ],
        link_label=_("Make an account"),
        link=_address("register"),
    )
    deliver(letter, to=to)


def mail_page_code(code: str, template_prefix: str, *, to: str) -> None:
    """Mail a code of the library's own pages."""
    letter = Letter(
        subject=_("Your code"),
        paragraphs=[
            str(CODE_WORDS[template_prefix]),
            code,
            _("It is good for a few minutes, once. Nobody of ours ever asks you for it."),
            _("If you did not ask for it, there is nothing to do: without it nothing happens."),
        ],
    )
    deliver(letter, to=to)


def _letter_with(code: str, purpose: str) -> Letter:
    what_for = {
        EmailCode.Purpose.REGISTER: _("Type this code to go on with your account:"),
        EmailCode.Purpose.RESET_PASSWORD: _("Type this code to choose a new password:"),
    }
    return Letter(
        subject=_("Your code"),
        paragraphs=[
            what_for[EmailCode.Purpose(purpose)],
            code,
            _("It is good for ten minutes, once. Nobody of ours ever asks you for it."),
            _("If you did not ask for it, there is nothing to do: without it nothing happens."),
        ],
    )


def _letter_to_known() -> Letter:
    """Return what the owner of an account is told who registers again."""
    return Letter(
        subject=_("You have an account already"),
        paragraphs=[
            _("Somebody, you perhaps, wanted to make an account with this address. It has one."),
            _("Sign in with it. If you do not know the password: %(reset)s")
            % {"reset": _address("account_reset_password")},
            _("If it was not you, there is nothing to do: nothing has changed."),
        ],
        link_label=_("Sign in"),
        link=_address("account_login"),
    )


def _address(name: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse(name)}"
