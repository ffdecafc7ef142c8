"""`python -m bench.people`: the pages of people with ten thousand, beside the same with ten.

On the database that DATABASE_URL names, in a transaction that is taken back. It has to be
migrated.
"""

import argparse
import os
import statistics
import time
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from django.test import Client

    from orgs.models import Organization

PAGES = {
    "people": "/people",
    "people, a search": "/people?search=mia",
    "people, one found": "/people?search=number+17",
    "people, last page": "/people?page=last",
    "people, invited": "/people?state=invited",
    "requests to join": "/join-requests",
    "requests, a search": "/join-requests?search=mia",
    "invites": "/invites",
    "API: members": "/api/v1/organizations/{organization}/members",
    "API: members, a search": "/api/v1/organizations/{organization}/members?search=mia",
    "API: requests to join": "/api/v1/organizations/{organization}/join-requests",
    "API: invites": "/api/v1/organizations/{organization}/invites",
}
FEW, MANY, INVITES = 10, 10_000, 3_000


def measure(rounds: int) -> None:
    """Print the median of each page in ms, and how much longer it takes with many."""
    few, many = sign_in(FEW), sign_in(MANY)
    analyze()
    print(f"{'page':24} {FEW:>7} {MANY:>7}  ratio")  # noqa: T201
    for name, path in PAGES.items():
        small, large = (
            median_of(partial(client.get, path.format(organization=organization.pk)), rounds)
            for client, organization in (few, many)
        )
        print(f"{name:24} {small:7.1f} {large:7.1f} {large / small:6.1f}")  # noqa: T201


def sign_in(number: int) -> "tuple[Client, Organization]":
    """Fill an organization, and return a client that is its owner for pages and for the API."""
    from django.test import Client
    from django.utils import timezone

    from auth_providers.services.personal_access_tokens import create_personal_access_token
    from auth_providers.services.scopes import ALL_SCOPES
    from bench.crowd import make_crowd
    from orgs.models import User
    from orgs.services.organizations import found_organization

    owner = User.objects.create_user(f"owner-of-{number}@bench.example")
    organization = found_organization(f"{number} people", owner=owner)
    make_crowd(organization, people=number, requests=number, invites=min(number, INVITES))
    token = create_personal_access_token(
        owner, name="Bench", scopes=ALL_SCOPES, by=None, now=timezone.now()
    )
    headers = {"Authorization": f"Bearer {token.secret}"}
    client = Client(headers=headers, SERVER_NAME="localhost")
    client.force_login(owner)
    return client, organization


def analyze() -> None:
    """Let the database know what it holds, as it does by itself in time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def median_of(ask: Any, rounds: int) -> float:
    """Return how long an answer takes, once it is warm."""
    times = []
    for _ in range(rounds + 2):
        began = time.perf_counter()
        answer = ask()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{answer.status_code}: {answer.content[:200]!r}")
    return statistics.median(times[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jigxmgmt.settings")
    django.setup()
    warnings.filterwarnings("ignore", message="No directory at")  # nothing was collected
    from django.db import transaction

    with transaction.atomic():
        measure(rounds)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
