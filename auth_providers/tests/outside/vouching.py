"""How the tests let a provider say who somebody is."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from auth_providers.models import OAuthConfiguration
from auth_providers.services.identities import issuer_as_known, link_identity
from auth_providers.services.outside_admission import (
    Admitted,
    SsoRefused,
    admit_claims,
)
from auth_providers.services.providers import Claims
from auth_providers.tests.factories import let_in_by
from orgs.models import (
    AuditEvent,
    User,
)

NOW = timezone.now()
MIA = "mia@acme.example"
ISSUER = "https://login.example"
SAID = Claims(
    issuer=ISSUER,
    subject="mia-1",
    email=MIA,
    is_email_verified=True,
    first_name="Mia",
    last_name="Brandenburger",
    all={},
)
UNVERIFIED = replace(SAID, is_email_verified=False)


def admit(way: OAuthConfiguration, claims: Claims = SAID, **more: Any) -> Admitted:
    return admit_claims(way, claims, **{"app": None, "now": NOW, **more})


def refusal(way: OAuthConfiguration, claims: Claims = SAID) -> str:
    """Return why the claims let nobody in, as it was recorded; the refusal does not tell."""
    with pytest.raises(SsoRefused) as refused:
        admit(way, claims)
    event = AuditEvent.objects.filter(act="single_sign_on.refuse").latest("created_at")
    assert (event.organization, event.changes) == (
        way.organization,
        {"reason": [None, refused.value.reason]},
    )
    assert refused.value.detail == SsoRefused("other").detail
    return refused.value.reason


def know(user: User, way: OAuthConfiguration) -> None:
    """Let the configuration's organization know whom the provider calls so."""
    issuer = issuer_as_known(way, ISSUER)
    link_identity(user, issuer=issuer, subject=SAID.subject, by=None)


def name_as(owner: User, way: OAuthConfiguration) -> None:
    """Let the owner stand behind the provider."""
    way.saved_by = owner
    let_in_by(way, saved_by=owner)


def did(way: OAuthConfiguration, claims: Claims = SAID) -> list[str]:
    return [act.value for act in admit(way, claims).would]
