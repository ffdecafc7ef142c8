"""A person's own devices: where they are signed in, and the way to end it."""

import uuid
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from auth_providers.models import Device
from auth_providers.services.devices import revoke_device
from jigxmgmt.console import refusals_as_messages
from orgs.console.entrance import ConsoleRequest, console_page
from orgs.models import User

MOST_DEVICES = 100


@console_page
def my_devices(request: ConsoleRequest) -> HttpResponse:
    mine = Device.objects.live(timezone.now()).filter(user=request.user).select_related("app")
    context = {"devices": mine[:MOST_DEVICES]}
    return render(request, "auth_providers/my_devices.html", context)


@require_POST
@login_required
def revoke(request: HttpRequest, device_id: uuid.UUID) -> HttpResponse:
    now = timezone.now()
    mine = Device.objects.live(now).filter(user=cast(User, request.user))
    device = get_object_or_404(mine, pk=device_id)
    with refusals_as_messages(request):
        revoke_device(device, by=device.user, now=now)
        messages.success(request, _("%(device)s is signed out.") % {"device": device})
    return redirect("my-devices")
