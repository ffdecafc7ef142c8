"""What the whole suite shares."""

from collections.abc import Iterator

import keyring
import pytest
from django.conf import settings
from keyring.backends import null


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, rather than skip, what only PostgreSQL can show, on another database.

    And begin with whole stories, after the shuffle: at the end all would wait for the longest.
    """
    items.sort(key=lambda item: not item.nodeid.startswith("tests/"))
    if "postgresql" in settings.DATABASES["default"]["ENGINE"]:
        return
    left_out = [item for item in items if item.get_closest_marker("postgresql")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line("markers", "postgresql: races that SQLite's single writer hides")


@pytest.fixture
def computer_without_keychain() -> Iterator[None]:
    """Keep a device's secrets in the test's own folder, whosever computer this is."""
    before = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)
