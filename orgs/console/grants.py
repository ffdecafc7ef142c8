"""Role, solutions and groups as a form asks for them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orgs import policies
from orgs.models import Membership, Organization, Solution, SolutionGroup, SolutionMember, User
from orgs.services.provisioning import Grants


class GroupsField(forms.ModelMultipleChoiceField[SolutionGroup]):
    """Groups of several solutions, each named with its own."""

    def label_from_instance(self, obj: SolutionGroup) -> str:
        return f"{obj.solution} / {obj}"


class GrantsForm(forms.Form):
    """What somebody gets who is let in; solutions come with role *user*."""

    role = forms.ChoiceField(
        label=_("Role"), choices=Membership.Role.choices, initial=Membership.Role.USER
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

    def __init__(self, *args: Any, organization: Organization, by: User, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)  # noqa: S101 (for types)
        role.choices = roles_to_grant(by, organization)
        self._offer("solutions", organization.solutions.all())
        groups = SolutionGroup.objects.filter(solution__organization=organization)
        self._offer("groups", groups.select_related("solution"))

    def grants(self) -> Grants:
        """Return what was chosen."""
        chosen = self.cleaned_data
        return Grants(
            role=Membership.Role(chosen["role"]),
            solutions=dict.fromkeys(chosen.get("solutions", ()), SolutionMember.Role.USER),
            groups=list(chosen.get("groups", ())),
        )

    def _offer(self, name: str, rows: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelMultipleChoiceField)  # noqa: S101 (for types)
        field.queryset = rows
        if not rows[:1]:
            del self.fields[name]


def roles_to_grant(by: User, organization: Organization) -> list[tuple[str, str]]:
    """Return the roles, with their labels, that this person may give here."""
    may_own = policies.can(by, policies.Act.OWN_ORGANIZATION, organization)
    return [
        (value, str(label))
        for value, label in Membership.Role.choices
        if may_own or value != Membership.Role.OWNER
    ]
