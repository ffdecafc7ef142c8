"""A broker for these tests alone, and short times."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.broker import running_broker


@pytest.fixture(scope="module")
def broker_url() -> Iterator[str]:
    with running_broker() as broker:
        yield broker.url


@pytest.fixture(autouse=True)
def _lane_settings(settings: Settings, broker_url: str) -> None:
    settings.REDIS_URL = broker_url
    settings.LANE_QUEUE_SECONDS, settings.LANE_CALL_SECONDS = 0.2, 0.6
