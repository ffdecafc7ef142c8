"""A person's own profile: name, language, picture, organizations."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from auth_providers.console.profile_forms import LeaveForm, ProfileForm
from auth_providers.console.sign_in_methods import sign_in_methods
from jigxmgmt.console import refusals_as_messages, refusals_in_form
from orgs.console.entrance import personal_page, posted_from
from orgs.console.pictures import PictureForm
from orgs.http import UserHttpRequest
from orgs.models import Membership
from orgs.services.members import leave_organization, set_default_organization
from orgs.services.pictures import remove_own_picture, set_own_picture
from orgs.services.profile import change_profile

MOST_ORGANIZATIONS = 100


@personal_page
def profile(request: UserHttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        with refusals_in_form(form):
            change_profile(request.user, by=request.user, **form.cleaned_data)
            messages.success(request, _("Your profile is saved."))
            response = redirect("profile")
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                form.cleaned_data["language"],
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
            return response
    return _show(request, form, PictureForm())


@posted_from("profile")
def picture(request: UserHttpRequest) -> HttpResponse:
    if "remove" in request.POST:
        remove_own_picture(request.user, by=request.user)
        messages.success(request, _("Your initials stand in place of the picture."))
        return redirect("profile")
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_in_form(form):
            set_own_picture(request.user, uploaded=form.uploaded(), by=request.user)
            messages.success(request, _("The picture is saved."))
            return redirect("profile")
    return _show(request, ProfileForm(user=request.user), form)


@posted_from("profile")
def make_default(request: UserHttpRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _own_membership(request, membership_id)
    with refusals_as_messages(request):
        set_default_organization(
            request.user, organization=membership.organization, by=request.user
        )
        said = _("The console opens with %(organization)s from now on.")
        messages.success(request, said % {"organization": membership.organization})
    return redirect("profile")


@personal_page
def leave(request: UserHttpRequest, membership_id: uuid.UUID) -> HttpResponse:
    membership = _own_membership(request, membership_id)
    posted = request.POST if request.method == "POST" else None
    form = LeaveForm(posted, organization=membership.organization)
    if form.is_valid():
        with refusals_in_form(form):
            leave_organization(membership, by=request.user)
            said = _("You left %(organization)s.") % {"organization": membership.organization}
            messages.success(request, said)
            return redirect("profile")
    context = {
        "membership": membership,
        "form": form,
        "solution_count": membership.solution_roles.count(),
    }
    status = 422 if form.errors else 200
    return render(request, "auth_providers/leave_organization.html", context, status=status)


def _show(request: UserHttpRequest, form: ProfileForm, pictures: PictureForm) -> HttpResponse:
    memberships = request.user.memberships.select_related("organization")
    context = {
        "form": form,
        "picture_form": pictures,
        "memberships": memberships.active().order_by("organization__name")[:MOST_ORGANIZATIONS],
        "default_id": request.user.default_organization_id,
        **sign_in_methods(request),
    }
    status = 422 if form.errors or pictures.errors else 200
    return render(request, "auth_providers/profile.html", context, status=status)


def _own_membership(request: UserHttpRequest, membership_id: uuid.UUID) -> Membership:
    mine = request.user.memberships.active().select_related("organization")
    return get_object_or_404(mine, pk=membership_id)
