"""An organization's settings as forms, one a card."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs.models import Organization
from orgs.services.organization_settings import LEAST_IDLE_MINUTES, MOST_IDLE_MINUTES
from orgs.services.support_access import SupportAccess

Level = Organization.SupportAccess
DURATIONS = {
    "hour": (_("One hour"), timedelta(hours=1)),
    "day": (_("One day"), timedelta(days=1)),
    "week": (_("Seven days"), timedelta(days=7)),
}
CUSTOM = "custom"


class DetailsForm(forms.Form):
    """How the organization is shown, and who hears of requests to join."""

    name = forms.CharField(label=_("Name"), max_length=100)
    website = forms.URLField(
        label=_("Website"), max_length=300, required=False, assume_scheme="https"
    )
    region_label = forms.CharField(
        label=_("Region label"),
        max_length=50,
        required=False,
        help_text=_("A short word under the name in the sidebar, such as eu-west."),
    )
    request_email = forms.EmailField(
        label=_("Requests to join are mailed to"),
        required=False,
        help_text=_("Left blank, nobody is mailed; the requests wait in the console."),
    )


class AccessForm(forms.Form):
    """What sessions and scripts may do."""

    idle_minutes = forms.IntegerField(
        label=_("Minutes without use until sign-out"),
        required=False,
        min_value=LEAST_IDLE_MINUTES,
        max_value=MOST_IDLE_MINUTES,
        help_text=_(
            "They are asked a minute before. Left blank, a session stays open. Somebody of several "
            "organizations has the shortest time of them."
        ),
    )
    allows_scripts = forms.BooleanField(
        label=_("Personal access tokens may run functions"), required=False
    )
    allows_basic_auth = forms.BooleanField(
        label=_("Functions on the server may send user names and passwords"),
        required=False,
        help_text=_(
            "For services that offer nothing better. Functions on devices may in any case."
        ),
    )


class SupportForm(forms.Form):
    """How far operators may come in, and for how long from now."""

    level = forms.ChoiceField(
        label=_("Operators of this installation"),
        choices=[
            (Level.NONE.value, _("see nothing")),
            (Level.READ.value, _("may read: people, solutions and calls")),
            (
                Level.WRITE.value,
                _("may read and write: as an admin, but neither people's rights nor the audit log"),
            ),
        ],
        widget=forms.RadioSelect,
    )
    duration = forms.ChoiceField(
        label=_("For"),
        choices=[
            *((value, label) for value, (label, _length) in DURATIONS.items()),
            (CUSTOM, _("Until the time below")),
        ],
        required=False,
    )
    until = forms.DateTimeField(
        label=_("Until (UTC)"),
        required=False,
        help_text=_("At most 30 days from now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, typed: Any = None, *, initial: Any = None, now: datetime) -> None:
        super().__init__(typed, initial=initial)
        self.now = now

    def support(self) -> SupportAccess:
        """Return what was chosen."""
        chosen = self.cleaned_data
        level = Level(chosen["level"])
        if level == Level.NONE:
            return SupportAccess(level)
        if chosen["duration"] == CUSTOM:
            return SupportAccess(level, chosen["until"])
        _label, length = DURATIONS[chosen["duration"] or "hour"]
        return SupportAccess(level, self.now + length)
