"""A device's file, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.device.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    opened = Storage(tmp_path / "device.sqlite3")
    yield opened
    opened.close()
