from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import null
from pytest_httpserver import HTTPServer

from functions.device.client import Device
from functions.tests.device.client.portal import CREATE, LIST, FakePortal, tokens


@pytest.fixture(autouse=True)
def _no_keychain_of_the_computer() -> Iterator[None]:
    """Keep secrets in the test's own folder, whosever computer this is."""
    before = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def portal(httpserver: HTTPServer) -> FakePortal:
    portal = FakePortal(httpserver, functions={"list": {**LIST}, "create": {**CREATE}})
    portal.offer()
    return portal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "device"


@pytest.fixture
def device(portal: FakePortal, folder: Path) -> Device:
    """A device that is signed in."""
    device = Device(folder)
    device.sign_in(portal.address, client_id="app", way=lambda _portal: tokens())
    return device
