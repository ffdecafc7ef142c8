from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from functions.device.client import Device
from functions.tests.device.client.portal import CREATE, LIST, FakePortal, tokens


@pytest.fixture(autouse=True)
def _keychain(computer_without_keychain: None) -> None:
    """Leave the keychain of whoever runs the tests alone."""


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
