from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import BinaryField
from django.http import HttpRequest
from django.test import Client

from orgs.models import User

OURS = [apps.get_app_config(name) for name in ("orgs", "auth_providers", "functions")]
MODELS = [model for app in OURS for model in app.get_models()]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
class TestStaff:
    def test_shows_every_model_and_edits_none(self, model: type) -> None:
        page: admin.ModelAdmin[Any] = admin.site.get_model_admin(model)

        assert not page.has_add_permission(HttpRequest())
        assert not page.has_change_permission(HttpRequest())
        assert not page.has_delete_permission(HttpRequest())

    def test_never_shows_what_is_sealed_or_hashed(self, model: type) -> None:
        page: admin.ModelAdmin[Any] = admin.site.get_model_admin(model)
        secret = {
            field.name
            for field in model._meta.fields  # type: ignore[attr-defined]
            if isinstance(field, BinaryField)
            or "digest" in field.name
            or field.name in ("password", "client_secret", "token", "code")
        }

        assert secret <= set(page.get_exclude(HttpRequest()) or ())
        assert not secret & {str(name) for name in page.list_display}

    def test_opens_for_operators_alone(
        self, model: type, client: Client, admin_user: User, django_user_model: type[User]
    ) -> None:
        meta = model._meta  # type: ignore[attr-defined]
        path = f"/staff/{meta.app_label}/{meta.model_name}/"

        client.force_login(admin_user)
        assert client.get(path).status_code == 200
        client.force_login(django_user_model.objects.create_user("mia@acme.example"))
        assert client.get(path).status_code in (302, 403)
