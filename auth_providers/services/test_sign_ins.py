"""Test sign-ins: an admin's own way to the provider and back, and what would come of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from auth_providers.models import OAuthConfiguration, SignInTransaction, TestSignIn
from auth_providers.services.arrivals import (
    Arrival,
    callback_url,
    identify_arrival,
    require_callback,
)
from auth_providers.services.providers import Claims, ProviderRefused
from auth_providers.services.sign_in_transactions import (
    Begun,
    begin_transaction,
    spend_transaction,
)
from jigxmgmt.errors import DomainError
from orgs import policies
from orgs.models import User
from orgs.services.audit import record_event

__test__ = False  # for pytest, which would take the name for a module of tests

TEST = SignInTransaction.Purpose.TEST
# What is shown and kept of the tester's claims, in this order; of all others the name alone.
SHOWN = (
    "iss",
    "sub",
    "aud",
    "email",
    "email_verified",
    "xms_edov",
    "preferred_username",
    "upn",
    "name",
    "given_name",
    "family_name",
    "groups",
    "roles",
    "tid",
    "oid",
    "hd",
    "acr",
    "amr",
)
LONGEST_VALUE = 300
MOST_VALUES = 20
MOST_NAMES = 30
LONGEST_NAME = 60
OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a test: kept in short, and the claims themselves for whoever looks now."""

    test: TestSignIn
    configuration: OAuthConfiguration
    claims: Claims | None = field(default=None, repr=False)
    refusal: DomainError | None = None


def begin_test(
    configuration: OAuthConfiguration, *, by: User, code_challenge: str, now: datetime
) -> Begun:
    """Send who sets up an organization to its provider, to see what comes back.

    Raises NotAllowed, CallbackUnregistered, or what begin_transaction does.
    """
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, configuration.organization)
    require_callback(configuration)
    return begin_transaction(
        configuration,
        purpose=TEST,
        redirect_uri=callback_url(),
        code_challenge=code_challenge,
        now=now,
        user=by,
    )


def complete_test(arrival: Arrival, *, by: User, now: datetime) -> Tested:
    """Keep how it went; a refusal of the provider is a result like any other.

    Raises NotAllowed, or what spend_transaction does.
    """
    spent = spend_transaction(
        arrival.transaction_id,
        purpose=TEST,
        state=arrival.state,
        code_verifier=arrival.code_verifier,
        now=now,
        user=by,
    )
    configuration = spent.configuration
    policies.require(by, policies.Act.SET_UP_ORGANIZATION, configuration.organization)
    try:
        claims = identify_arrival(spent, arrival=arrival, now=now)
    except ProviderRefused as refusal:
        return Tested(_keep(spent, by=by, now=now, refusal=refusal), configuration, None, refusal)
    return Tested(_keep(spent, by=by, now=now, claims=claims), configuration, claims)


def shown_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return what is shown of claims, each value bounded; at the end the names of the others."""
    shown = {name: _shown(claims[name]) for name in SHOWN if name in claims}
    others = sorted(str(name)[:LONGEST_NAME] for name in claims if name not in SHOWN)
    if others:
        shown[OTHERS] = ", ".join(others[:MOST_NAMES])
    return shown


@transaction.atomic
def _keep(
    spent: SignInTransaction,
    *,
    by: User,
    now: datetime,
    claims: Claims | None = None,
    refusal: DomainError | None = None,
) -> TestSignIn:
    code = refusal.code[:50] if refusal else ""
    newest = {
        "revision": spent.revision,
        "refusal": code,
        "claims": shown_claims(claims.all) if claims else {},
        "tested_at": now,
    }
    test, _new = TestSignIn.objects.update_or_create(
        configuration=spent.configuration, user=by, defaults=newest
    )
    record_event(
        "single_sign_on.test",
        by=by,
        subject=spent.configuration,
        organization=spent.configuration.organization,
        changes={"refusal": (None, code)} if code else None,
    )
    return test


def _shown(value: Any) -> str:
    if isinstance(value, list):
        listed = ", ".join(_shown(part) for part in value[:MOST_VALUES])
        more = ", …" if len(value) > MOST_VALUES else ""
        return f"{listed}{more}"[: MOST_VALUES * 50]
    text = value if isinstance(value, str) else json.dumps(value)
    printable = "".join(sign if sign.isprintable() else "�" for sign in text[:LONGEST_VALUE])
    return printable + ("…" if len(text) > LONGEST_VALUE else "")
