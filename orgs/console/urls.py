from django.urls import path

from orgs.console import views

urlpatterns = [
    path("organizations/switch", views.switch_organization, name="organization-switch"),
    path("theme", views.choose_theme, name="theme"),
]
