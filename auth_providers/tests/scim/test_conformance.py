"""Every check that scim2-tester knows, on the real door."""

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.utils import timezone
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import CheckResult, Status, check_server

from auth_providers.services.scim_tokens import make_scim_token
from orgs.tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)  # each request closes its connection


def test_passes_every_check_of_the_tester() -> None:
    admin = MembershipFactory.create(admin=True)
    made = make_scim_token(admin.organization, by=admin.user, now=timezone.now())
    client = WSGISCIMClient(
        WSGIHandler(),
        base_url="http://localhost/scim/v2",
        headers={"Authorization": f"Bearer {made.secret}"},
    )

    results = check_server(client)

    found = [(result.title, result.reason) for result in results if not is_good(result)]
    assert found == []
    assert len(results) > 100


def is_good(result: CheckResult) -> bool:
    return result.status == Status.SUCCESS
