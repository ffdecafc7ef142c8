"""A person's own connections with outside services, and the way to end one."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from auth_providers.services.outside_grants import end_grant, grants_of
from jigxmgmt.console import refusals_as_messages
from orgs.console.entrance import personal_page, posted_from
from orgs.http import UserHttpRequest

MOST_CONNECTIONS = 200


@personal_page
def my_connections(request: UserHttpRequest) -> HttpResponse:
    context = {"connections": grants_of(request.user)[:MOST_CONNECTIONS]}
    return render(request, "auth_providers/my_connections.html", context)


@posted_from("my-connections")
def end_connection(request: UserHttpRequest, grant_id: uuid.UUID) -> HttpResponse:
    grant = get_object_or_404(grants_of(request.user), pk=grant_id)
    with refusals_as_messages(request):
        end_grant(grant, by=request.user)
        named = {"service": grant.configuration, "solution": grant.solution}
        messages.success(request, _("%(service)s is disconnected from %(solution)s.") % named)
    return redirect("my-connections")
