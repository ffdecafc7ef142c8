from django.urls import path

from auth_providers.console import views

urlpatterns = [
    path("my-devices", views.my_devices, name="my-devices"),
    path("my-devices/<uuid:device_id>/revoke", views.revoke, name="my-device-revoke"),
]
