"""The library's own forms, in our words."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ResetPasswordForm,
)
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _

from auth_providers.services.account_changes import rename_passkey
from jigxmgmt.errors import DomainError
from orgs.models.addresses import normal_email

EMAIL_KEY = "sign_in_email"


class SignInForm(LoginForm):  # type: ignore[misc]
    """The library's own, without placeholders that repeat the labels.

    An address that was typed here for single sign-on, in vain, stands there again.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.request:
            self.fields["login"].initial = self.request.session.pop(EMAIL_KEY, "")
        for name in ("login", "password"):
            self.fields[name].widget.attrs.pop("placeholder", None)
        self.fields["login"].label = _("E-mail address")
        if "remember" in self.fields:
            self.fields["remember"].label = _("Keep me signed in")

    def clean_login(self) -> str:
        return normal_email(self.cleaned_data["login"])

    def clean(self) -> dict[str, Any] | None:
        try:
            cleaned: dict[str, Any] | None = super().clean()
        except DomainError as refusal:  # of whatever keeps the passwords
            raise forms.ValidationError(refusal.detail, code=refusal.code) from refusal
        return cleaned


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """The library's own, which would look for the old password in the database alone."""

    def clean_oldpassword(self) -> str:
        old: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, old):
            raise get_adapter().validation_error("enter_current_password")
        return old


class LostPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """The library's own, which would mail to the address as it was typed."""

    def clean_email(self) -> str:
        self.cleaned_data["email"] = get_adapter().clean_email(self.cleaned_data["email"])
        email: str = super().clean_email()
        return email


class NewEmailForm(AddEmailForm):  # type: ignore[misc]
    """The library's own, labelled for what it does here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New e-mail address")
        self.fields["email"].widget.attrs.pop("placeholder", None)


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """The library's own, in words that people know."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["maxlength"] = 100
        if "passwordless" in self.fields:
            self.fields["passwordless"].label = _("Use it as a passkey")


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    """The library's own, whose act is recorded."""

    name = forms.CharField(label=_("Name"), max_length=100)

    def save(self) -> Authenticator:
        raise_if_reauthentication_required(context.request, app="allauth.mfa")
        authenticator: Authenticator = self.instance
        rename_passkey(authenticator, name=self.cleaned_data["name"])
        return authenticator
