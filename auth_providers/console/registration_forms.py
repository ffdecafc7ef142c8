"""What the pages of registration ask."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.models import Domain
from orgs.services.organizations import NAME_LENGTH as ORGANIZATION_NAME_LENGTH
from orgs.services.people import NAME_LENGTH

MESSAGE_LENGTH = 500


class RegistrationForm(forms.Form):
    first_name = forms.CharField(
        label=_("First name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    email = forms.EmailField(
        label=_("Work e-mail address"),
        max_length=254,
        help_text=_("Its domain shows which organizations you can join."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        help_text=_("Long is strong: a sentence that only you would think of."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


class OrganizationForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=ORGANIZATION_NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    domain = forms.CharField(
        label=_("Domain of its e-mail addresses"),
        max_length=254,
        required=False,
        help_text=_("You can add and prove domains later; leave blank for none."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    join_policy = forms.ChoiceField(
        label=_("People with an address at this domain"),
        choices=[
            (Domain.JoinPolicy.REQUEST, _("Can ask to join; somebody approves")),
            (Domain.JoinPolicy.OFF, _("Come by invitation alone")),
        ],
        help_text=_("Joining without approval takes proof of the domain first."),
    )

    def founded_as(self) -> dict[str, Any]:
        """Return what was chosen, as the service takes it."""
        chosen = self.cleaned_data
        return chosen | {"join_policy": Domain.JoinPolicy(chosen["join_policy"])}


class RequestForm(forms.Form):
    message = forms.CharField(
        label=_("Message"),
        max_length=MESSAGE_LENGTH,
        required=False,
        help_text=_("Who you are and what you need; whoever decides reads it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
