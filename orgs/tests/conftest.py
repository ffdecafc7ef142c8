"""What several tests of this app need."""

from collections.abc import Iterator

import pytest

from orgs.tests.name_server import NameServer, running_name_server


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """The name server that every question goes to."""
    with running_name_server() as server:
        yield server
