"""Publishing a zip from the console: what it says when it is refused, the version when it is not.

Nothing of an upload is kept between two steps: a sound one is live at once, on the page that shows
what it changed and takes it back with one click.
"""

import uuid

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files import File
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from functions.console.solution_tabs import open_for, tabs_of
from functions.services.publishing import publish_solution
from jigxmgmt.errors import DomainError, FieldFault, NotAllowed, NotFound
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import Solution
from orgs.policies import SolutionAct


class UploadForm(forms.Form):
    archive = forms.FileField(
        label=gettext_lazy("Folder as a zip"),
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip", "class": "input"}),
    )

    def clean_archive(self) -> bytes:
        upload: File[bytes] = self.cleaned_data["archive"]
        most = settings.SOLUTION_MAX_ZIP_BYTES
        if upload.size > most:
            sentence = _("The zip has more than %(most)s.") % {"most": filesizeformat(most)}
            raise forms.ValidationError(sentence, code="too_large")
        content: bytes = upload.read()
        return content


@console_page
def publish(request: ConsoleRequest, solution_id: uuid.UUID) -> HttpResponse:
    solution = open_for(request, solution_id, SolutionAct.PUBLISH)
    if request.method != "POST":
        return _page(request, solution, UploadForm())
    form = UploadForm(request.POST, request.FILES)
    faults: tuple[FieldFault, ...] = ()
    if form.is_valid():
        try:
            archive = form.cleaned_data["archive"]
            version = publish_solution(solution, archive=archive, by=request.user)
        except (NotAllowed, NotFound):
            raise
        except DomainError as refusal:
            faults = refusal.faults
            form.add_error("archive", refusal.detail)
        else:
            words = _("Version %(number)s is live.") % {"number": version.number}
            messages.success(request, words)
            return redirect("solution-version", solution.pk, version.number)
    return _page(request, solution, form, faults)


def _page(
    request: ConsoleRequest,
    solution: Solution,
    form: UploadForm,
    faults: tuple[FieldFault, ...] = (),
) -> HttpResponse:
    context = tabs_of(request, solution, request.user) | {
        "form": form,
        "faults": faults,
        "most_bytes": settings.SOLUTION_MAX_ZIP_BYTES,
    }
    status = 422 if form.errors else 200
    return render(request, "functions/solution_publish.html", context, status=status)
