"""What allauth asks of us, and what it tells us of what people do at its pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers import mail
from auth_providers.http import SINGLE_SIGN_ON, opening_configuration
from auth_providers.services.account_changes import (
    end_own_sessions,
    note_account_change,
    note_email_proof,
    note_password_reset,
    record_sign_in,
    record_sign_out,
)
from auth_providers.services.installation_secrets import open_seed, seal_seed
from auth_providers.services.required_sign_on import (
    SingleSignOnRequired,
    note_break_glass,
    require_open_password,
)
from auth_providers.services.user_pool import authenticate_at_pool
from jigxmgmt.errors import DomainError
from orgs.console.idle import note_opening
from orgs.models import User
from orgs.models.addresses import kept_email
from orgs.services.passwords import NoteTaken, take_password

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
        """Open the session, unless single sign-on alone may: known now, as all proofs are given."""
        records = get_authentication_records(request, user)
        methods = [record.get("type", record["method"]) for record in records]
        if SINGLE_SIGN_ON not in methods:
            self._require_open_password(request, user, methods)
        super().login(request, user)
        note_opening(request)
        record_sign_in(user, methods=methods)

    def _require_open_password(
        self, request: HttpRequest, user: User, methods: Sequence[str]
    ) -> None:
        try:
            require_open_password(user)
        except SingleSignOnRequired as refusal:
            messages.error(request, refusal.detail)
            raise ImmediateHttpResponse(redirect("account_login")) from refusal
        note_break_glass(user, methods=methods)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """Lead who came by a provider to a page that offers the provider's own sign-out."""
        configuration_id = opening_configuration(request)
        if configuration_id is None:
            url: str = super().get_logout_redirect_url(request)
            return url
        return reverse("signed-out", args=[configuration_id])

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            record_sign_out(request.user)
        super().logout(request)

    def set_password(self, user: User, password: str) -> None:
        """Change the password of who is signed in, or of who lost it and proved the address."""
        if self.request.user.is_authenticated and not user.has_usable_password():
            self._require_proved_address(user)
        note = self._take_password(user, password)
        with transaction.atomic():
            note(user)
            if self.request.user.is_authenticated:
                note_account_change(user, act="user.change_password")
            else:
                note_password_reset(user, now=timezone.now())

    def reauthenticate(self, user: User, password: str) -> bool:
        """Answer whether this is the person's password, for a form that shows what is refused.

        Raises ValidationError with what the keeper of passwords says.
        """
        try:
            is_right: bool = super().reauthenticate(user, password)
        except DomainError as refusal:
            raise ValidationError(refusal.detail, code=refusal.code) from refusal
        return is_right

    def _take_password(self, user: User, password: str) -> NoteTaken:
        try:
            return take_password(user, password)
        except DomainError as refusal:  # as too weak for who keeps it, which no form has asked
            messages.error(self.request, refusal.detail)
            raise ImmediateHttpResponse(redirect(self.request.get_full_path())) from refusal

    def _require_proved_address(self, user: User) -> None:
        """Let nobody choose a first password for an address that they have not proved.

        A provider may have made the account, and a user pool would take the password as its own
        user's of that address.
        """
        if EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
            return
        messages.error(self.request, _("Prove your e-mail address before you choose a password."))
        raise ImmediateHttpResponse(redirect("account_email"))

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


class UserPoolBackend(AuthenticationBackend):  # type: ignore[misc]
    """Asks the user pool, in place of the password column."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        self._did_check_password = True  # the pool takes its time alike for unknown people
        email, password = credentials.get("email"), credentials.get("password")
        if not email or not password:
            return None
        user = authenticate_at_pool(email, password)
        return user if self.user_can_authenticate(user) else None


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: list[UserSession]) -> None:
        end_own_sessions(sessions)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The seeds of authenticator apps and recovery codes are sealed, and taken only sealed."""

    def encrypt(self, text: str) -> str:
        return seal_seed(text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_seed(encrypted_text)
