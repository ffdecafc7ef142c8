"""A person's own devices: where they are signed in, and the way to end it."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from auth_providers.models import Device
from auth_providers.services.devices import revoke_device
from jigxmgmt.console import refusals_as_messages
from orgs.console.entrance import personal_page, posted_from
from orgs.http import UserHttpRequest

MOST_DEVICES = 100


@personal_page
def my_devices(request: UserHttpRequest) -> HttpResponse:
    mine = Device.objects.live(timezone.now()).filter(user=request.user).select_related("app")
    context = {"devices": mine[:MOST_DEVICES]}
    return render(request, "auth_providers/my_devices.html", context)


@posted_from("my-devices")
def revoke(request: UserHttpRequest, device_id: uuid.UUID) -> HttpResponse:
    now = timezone.now()
    mine = Device.objects.live(now).filter(user=request.user)
    device = get_object_or_404(mine, pk=device_id)
    with refusals_as_messages(request):
        revoke_device(device, by=device.user, now=now)
        messages.success(request, _("%(device)s is signed out.") % {"device": device})
    return redirect("my-devices")
