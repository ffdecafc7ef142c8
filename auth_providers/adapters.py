"""What allauth asks of us, and what it tells us of what people do at its pages."""

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from auth_providers import mail
from auth_providers.services.account_changes import (
    end_own_sessions,
    note_account_change,
    note_email_proof,
    note_password_reset,
    record_sign_in,
    record_sign_out,
)
from orgs.models import User
from orgs.models.addresses import kept_email

UNIX_SOCKET = "127.0.0.1"
# The library tells of each by a mail; ours says it in our words and in the person's language.
ACT_OF_NOTICE: Mapping[str, str] = {
    "mfa/email/totp_activated": "authenticator_app.set_up",
    "mfa/email/totp_deactivated": "authenticator_app.turn_off",
    "mfa/email/webauthn_added": "passkey.add",
    "mfa/email/webauthn_removed": "passkey.remove",
    "mfa/email/recovery_codes_generated": "recovery_codes.make",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by invitation or at `/register`; the library's own sign-up is closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the peer's address, which the server has taken from trusted proxies alone."""
        return request.META.get("REMOTE_ADDR") or UNIX_SOCKET

    def clean_email(self, email: str) -> str:
        return kept_email(email)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        records = get_authentication_records(request, user)
        record_sign_in(user, methods=[record.get("type", record["method"]) for record in records])

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record_sign_out(request.user)
        super().logout(request)

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        """Change the password of who is signed in, or of who lost it and proved the address."""
        super().set_password(user, password)
        if self.request.user.is_authenticated:
            note_account_change(user, act="user.change_password")
        else:
            note_password_reset(user, now=timezone.now())

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Take an address as proved; where it is new, it replaces the person's own."""
        user = email_address.user
        before = user.email
        try:
            with transaction.atomic():
                is_proved: bool = super().confirm_email(request, email_address)
                if is_proved:
                    note_email_proof(user, before=before)
        except IntegrityError:  # somebody else has it, without having proved it
            template = "account/messages/email_confirmation_failed.txt"
            self.add_message(request, messages.ERROR, template, {"email": email_address.email})
            return False
        return is_proved

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        if self.request.user.is_authenticated:
            return reverse("profile")
        url: str = super().get_email_verification_redirect_url(email_address)
        return url

    def send_notification_mail(self, template_prefix: str, user: User, *_: Any, **__: Any) -> None:
        """Record what the library tells of; what is not in the table was recorded where it was."""
        if act := ACT_OF_NOTICE.get(template_prefix):
            note_account_change(user, act=act)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send our own letter in place of the library's."""
        if "code" in context and template_prefix in mail.CODE_WORDS:
            mail.mail_page_code(context["code"], template_prefix, to=email)
        elif template_prefix == mail.TO_STRANGERS:
            mail.mail_no_account(to=email)
        else:
            super().send_mail(template_prefix, email, context)


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: list[UserSession]) -> None:
        end_own_sessions(sessions)
