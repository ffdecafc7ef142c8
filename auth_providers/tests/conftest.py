"""Fixtures of the sign-in tests."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from auth_providers.tests.hostile import Provider

type_of_client = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _nobody_was_counted() -> Iterator[None]:
    """Begin with no failed attempts on the books."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def no_cache(settings: LazySettings, tmp_path: Path) -> None:
    """Point the cache at a server that is not there."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": f"unix://{tmp_path}/nobody.sock",
        }
    }


@pytest.fixture
def client_with() -> type_of_client:
    """Return a maker of clients that send this bearer token."""
    return lambda token: Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def provider(settings: LazySettings) -> Iterator[Provider]:
    """Run a provider on this host, which the operator lets everybody reach."""
    settings.OUTBOUND_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with Provider() as running:
        yield running
