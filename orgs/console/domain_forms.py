"""Domains as forms."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.models import Domain

JoinPolicy = Domain.JoinPolicy
MEANINGS = {
    JoinPolicy.OFF: _("Off: the organization is not shown to them"),
    JoinPolicy.REQUEST: _("Request to join: you approve each person"),
    JoinPolicy.AUTOMATIC: _("Automatic: they join by themselves, with the role User"),
}
NAME_LENGTH = 254


class NewDomainForm(forms.Form):
    """Not proved yet, so nobody joins by it without approval."""

    name = forms.CharField(
        label=_("Domain"),
        max_length=NAME_LENGTH,
        help_text=_("What stands after the @ in your people's addresses, such as acme.com."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    join_policy = forms.ChoiceField(
        label=_("Whoever has an address there"),
        choices=[
            (JoinPolicy.REQUEST.value, _("may ask to join")),
            (JoinPolicy.OFF.value, _("does not see the organization")),
        ],
        help_text=_("Joining without approval is offered once the domain is proved."),
    )


class JoinPolicyForm(forms.Form):
    """Who may join by an address of the domain; *automatic* where it is proved."""

    join_policy = forms.ChoiceField(widget=forms.RadioSelect, label=_("Who may join"))

    def __init__(self, typed: Any = None, *, domain: Domain) -> None:
        super().__init__(typed, initial={"join_policy": domain.join_policy}, label_suffix="")
        field = self.fields["join_policy"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for types)
        field.choices = [
            (policy.value, meaning)
            for policy, meaning in MEANINGS.items()
            if domain.is_proved or policy != JoinPolicy.AUTOMATIC
        ]
        if not domain.is_proved:
            field.help_text = str(_("Automatic is offered once the domain is proved."))


class RemovalForm(forms.Form):
    """The name, typed by whoever means it."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, typed: Any = None, *, expected: str) -> None:
        super().__init__(typed, auto_id="removal_%s")
        self.expected = expected
        self.fields["name"].label = str(_("Type %(name)s to confirm") % {"name": expected})

    def clean_name(self) -> str:
        """Refuse any other name."""
        name: str = self.cleaned_data["name"].strip()
        if name != self.expected:
            raise forms.ValidationError(_("This is not the name."))
        return name
