"""Pictures of people, for those who work with them; logos, for everybody."""

import uuid

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jigxmgmt.console import refusals_as_messages
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.console.views import next_page
from orgs.models import User
from orgs.services.pictures import FORMATS, MOST_BYTES, find_picture, remove_logo, set_logo

A_DAY = 24 * 60 * 60
ACCEPTED = ",".join(f"image/{name.lower()}" for name in FORMATS)


class PictureForm(forms.Form):
    """A file whose content the service looks at; its name and type say nothing."""

    picture = forms.FileField(
        label=gettext_lazy("Picture"),
        help_text=gettext_lazy("PNG, JPEG, WebP or GIF, 5 MB at most."),
        widget=forms.ClearableFileInput(attrs={"accept": ACCEPTED, "class": "input"}),
    )

    def uploaded(self) -> bytes:
        """Return what was uploaded, and no more of it than shows that it is too large."""
        content: bytes = self.cleaned_data["picture"].read(MOST_BYTES + 1)
        return content


def picture(request: HttpRequest, picture_id: uuid.UUID) -> HttpResponse:
    viewer = request.user if isinstance(request.user, User) else None
    found = find_picture(picture_id, viewer=viewer)
    if found is None:
        raise Http404
    response = HttpResponse(bytes(found.content), content_type="image/png")
    reach = "public" if found.is_public else "private"
    response.headers["Cache-Control"] = f"{reach}, max-age={A_DAY}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@console_page
def logo(request: ConsoleRequest) -> HttpResponse:
    """Take a logo, or take it away; the page that asked comes again."""
    if request.method != "POST":  # whoever had to sign in first
        return redirect("invite-templates")
    if "remove" in request.POST:
        remove_logo(request.organization, by=request.user)
        messages.success(request, _("Mails show the name in place of a logo."))
        return redirect(next_page(request))
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choose a picture first."))
        return redirect(next_page(request))
    with refusals_as_messages(request):
        set_logo(request.organization, uploaded=form.uploaded(), by=request.user)
        messages.success(request, _("Mails show the new logo from now on."))
    return redirect(next_page(request))
