"""What is asked about a directory."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from auth_providers.models import ScimGroup
from orgs.models import SolutionGroup


class SolutionGroupsField(forms.ModelMultipleChoiceField[SolutionGroup]):
    def label_from_instance(self, obj: SolutionGroup) -> str:
        return f"{obj.solution.title}: {obj.name}"


class DirectoryGroupForm(forms.Form):
    """Which groups of solutions a group of the directory stands for."""

    solution_groups = SolutionGroupsField(
        SolutionGroup.objects.none(),
        label=_("Stands for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Its people are put into these groups, and taken out when they leave it."),
    )

    def __init__(
        self, typed: Any = None, *, group: ScimGroup, groups: QuerySet[SolutionGroup]
    ) -> None:
        super().__init__(typed, initial={"solution_groups": group.solution_groups.all()})
        field = self.fields["solution_groups"]
        assert isinstance(field, SolutionGroupsField)  # noqa: S101 (for types)
        field.queryset = groups


class EndDirectoryForm(forms.Form):
    """The organization's name, typed by whoever means it."""

    typed = forms.CharField(
        max_length=100,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, typed: Any = None, *, name: str) -> None:
        super().__init__(typed, auto_id="end_%s")
        self.name = name
        self.fields["typed"].label = gettext("Type %(name)s to confirm") % {"name": name}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"].strip()
        if typed != self.name.strip():
            raise forms.ValidationError(gettext("This is not the name."), code="not_the_name")
        return typed
