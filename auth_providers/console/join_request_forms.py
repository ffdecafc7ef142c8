"""What is asked when a request to join is turned down."""

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.models import JoinRequest

REASON_LENGTH = JoinRequest._meta.get_field("reason").max_length


class DenialForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The person reads it. Leave it blank to give none."),
    )
