"""An organization's single sign-on as a form."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auth_providers.models import OAuthConfiguration, SingleSignOn
from auth_providers.services.single_sign_on_faults import SignOnFields
from orgs.console.grants import GroupsField
from orgs.models import Membership, Solution, SolutionGroup, User
from orgs.policies import OWNERS_AND_ADMINS

_MANY = ("configurations", "solutions", "groups", "break_glass")
_ONE = ("is_enabled", "creates_members", "creates_as", "is_required")


class Switch(forms.CheckboxInput):
    """On or off, as assistive technology says it too."""

    def __init__(self) -> None:
        super().__init__(attrs={"role": "switch"})


class PersonField(forms.ModelChoiceField[User]):
    def label_from_instance(self, obj: User) -> str:
        return f"{obj.display_name} ({obj.email})" if obj.first_name else obj.email


class OwnersField(forms.ModelMultipleChoiceField[Membership]):
    def label_from_instance(self, obj: Membership) -> str:
        return f"{obj.user.display_name} ({obj.user.email})"


class SingleSignOnForm(forms.Form):
    is_enabled = forms.BooleanField(
        label=_("Single sign-on enabled"), required=False, widget=Switch
    )
    configurations = forms.ModelMultipleChoiceField(
        OAuthConfiguration.objects.none(),
        label=_("Providers"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Where several fit an address, people choose between them."),
    )
    creates_members = forms.BooleanField(
        label=_("Create users on first sign-in"), required=False, widget=Switch
    )
    creates_as = PersonField(
        User.objects.none(),
        label=_("Created by"),
        required=False,
        empty_label=_("Whoever saves this"),
        help_text=_("The owner or admin in whose name people are let in; the audit log says so."),
    )
    solutions = forms.ModelMultipleChoiceField(
        Solution.objects.none(),
        label=_("Solutions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    groups = GroupsField(
        SolutionGroup.objects.none(),
        label=_("Groups"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    is_required = forms.BooleanField(
        label=_("Required for everyone"), required=False, widget=Switch
    )
    break_glass = OwnersField(
        Membership.objects.none(),
        label=_("Owners for emergencies"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Their password or passkey still works when the provider does not. Each use is "
            "recorded, and mailed to all owners."
        ),
    )

    def __init__(self, posted: Any = None, *, settings: SingleSignOn) -> None:
        super().__init__(posted, initial=_shown(settings), label_suffix="")
        organization = settings.organization
        # Turning it off takes the organization's name, at the end of the page.
        self.fields["is_enabled"].disabled = settings.is_enabled
        members = organization.memberships.active().select_related("user")
        governing = members.filter(role__in=OWNERS_AND_ADMINS)
        able = OAuthConfiguration.objects.of_organization(organization).exclude(issuer="")
        self._offer("configurations", able.prefetch_related("domains"))
        self._offer("creates_as", User.objects.filter(pk__in=governing.values("user")))
        self._offer("solutions", organization.solutions.all())
        groups = SolutionGroup.objects.filter(solution__organization=organization)
        self._offer("groups", groups.select_related("solution"))
        self._offer("break_glass", members.owners())

    def chosen(self) -> SignOnFields:
        """Return what was chosen."""
        given = self.cleaned_data
        many: dict[str, Any] = {name: list(given[name]) for name in _MANY}
        return SignOnFields(**many, **{name: given[name] for name in _ONE})

    def _offer(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (for types)
        field.queryset = rows


class DisableForm(forms.Form):
    """The organization's name, typed by whoever means it."""

    typed = forms.CharField(
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, posted: Any = None, *, name: str) -> None:
        super().__init__(posted, auto_id="disable_%s", label_suffix="")
        self.fields["typed"].label = gettext("Type %(name)s to confirm") % {"name": name}


def _shown(settings: SingleSignOn) -> dict[str, Any]:
    shown: dict[str, Any] = {name: getattr(settings, name) for name in _ONE}
    shown["creates_as"] = settings.creates_as_id
    many = {name: [row.pk for row in getattr(settings, name).all()] for name in _MANY}
    return shown | many
