"""What is asked on a person's page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs import policies
from orgs.console.grants import roles_to_grant
from orgs.models import Membership, Solution, SolutionMember, User
from orgs.models.addresses import normal_email


class RoleForm(forms.Form):
    """The role in the organization, of those that whoever asks may give."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.Select(attrs={"class": "select"}))

    def __init__(self, data: Any = None, *, membership: Membership, by: User) -> None:
        super().__init__(data, initial={"role": membership.role})
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)  # noqa: S101 (for types)
        role.choices = roles_to_grant(by, membership.organization)


class GiveSolutionForm(forms.Form):
    """A solution in which the person has no role yet, of those whose people one may change."""

    solution = forms.ModelChoiceField(
        Solution.objects.none(),
        label=_("Solution"),
        empty_label=_("Choose one"),
        widget=forms.Select(attrs={"class": "select"}),
    )
    role = forms.ChoiceField(
        label=_("Role in it"),
        choices=SolutionMember.Role.choices,
        initial=SolutionMember.Role.USER,
        widget=forms.Select(attrs={"class": "select"}),
    )

    def __init__(self, data: Any = None, *, membership: Membership, by: User) -> None:
        super().__init__(data, auto_id="give_%s")
        solution = self.fields["solution"]
        assert isinstance(solution, forms.ModelChoiceField)  # noqa: S101 (for types)
        governed = policies.solutions_allowing(by, policies.SolutionAct.GOVERN)
        held = membership.solution_roles.values("solution")
        solution.queryset = governed.filter(organization=membership.organization_id).exclude(
            pk__in=held
        )


class RemoveForm(forms.Form):
    """Asks for the person's address, so that nobody is removed by a slip."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, membership: Membership) -> None:
        super().__init__(data, auto_id="remove_%s")
        self._wanted = membership.user.email

    def clean_email(self) -> str:
        email = normal_email(self.cleaned_data["email"])
        if email != self._wanted:
            raise forms.ValidationError(_("This is not the address of this person."))
        return email
