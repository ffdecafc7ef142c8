"""What a new personal access token may do, as people choose it."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from auth_providers.services.scopes import Scope

SCOPES: tuple[tuple[StrPromise, tuple[tuple[Scope, StrPromise], ...]], ...] = (
    (
        _("Solutions"),
        (
            (Scope.SOLUTIONS_READ, _("See solutions, their files and their members")),
            (Scope.SOLUTIONS_WRITE, _("Make, publish, change and delete solutions")),
            (Scope.CREDENTIALS_READ, _("See which credentials there are, never their secrets")),
            (Scope.CREDENTIALS_WRITE, _("Save and remove credentials")),
        ),
    ),
    (
        _("Functions"),
        (
            (Scope.FUNCTIONS_READ, _("See functions and their parameters")),
            (Scope.FUNCTIONS_RUN, _("Run functions, where the organization allows scripts")),
            (Scope.CALLS_READ, _("See the call log")),
        ),
    ),
    (
        _("Organization"),
        (
            (Scope.ORGANIZATION_READ, _("See the organization and its settings")),
            (Scope.ORGANIZATION_WRITE, _("Change the organization and its settings")),
            (Scope.PEOPLE_READ, _("See people, invitations and requests to join")),
            (Scope.PEOPLE_WRITE, _("Invite, change and remove people; decide who joins")),
            (Scope.AUDIT_READ, _("Read and export the audit log")),
        ),
    ),
    (
        _("Your own account"),
        (
            (Scope.DEVICES_WRITE, _("See your devices and sign them out")),
            (Scope.TOKENS_READ, _("See your access tokens, never their secrets")),
            (Scope.TOKENS_WRITE, _("Make, extend and revoke your access tokens")),
        ),
    ),
)


class NewTokenForm(forms.Form):
    """A name and scopes; the key lets a form that is sent twice make one token."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        help_text=_("What uses it, so that you know later which one to revoke."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[
            (str(group), [(scope.value, words) for scope, words in scopes])
            for group, scopes in SCOPES
        ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Never more than you may do yourself."),
        error_messages={"required": _("Choose at least one.")},
    )
    key = forms.CharField(max_length=100, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"key": uuid4()}, label_suffix="")

    def take_new_key(self) -> None:
        """Let the form, as it was typed, be sent as another one."""
        typed = {name: self.cleaned_data[name] for name in ("name", "scopes")}
        self.data = typed | {"key": str(uuid4())}
