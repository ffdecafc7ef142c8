"""The installation's own app."""

import pytest
from django.db import IntegrityError

from auth_providers.models import App
from auth_providers.services.apps import installation_app
from auth_providers.tests.factories import AppFactory
from orgs.models import AuditEvent
from orgs.tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


class TestInstallationApp:
    def test_is_made_once_and_that_is_recorded(self) -> None:
        app = installation_app()

        assert installation_app() == app
        assert (app.organization, app.is_first_party, app.client_type) == (None, True, "public")
        assert app.redirect_urls == ["http://127.0.0.1/callback"]
        assert AuditEvent.objects.get().act == "app.create"

    def test_is_the_only_one(self) -> None:
        installation_app()
        AppFactory.create(is_first_party=False)
        AppFactory.create(organization=OrganizationFactory.create())

        with pytest.raises(IntegrityError):
            App.objects.create(name="Another", is_first_party=True)
