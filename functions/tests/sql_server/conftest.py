"""The driver of the product, and a scripted server that they trust."""

from collections.abc import Iterator

import pytest

from functions.sql_server.drivers import Driver, load_driver
from tests.tds import Authority, Certificate

NAME = "db.example.test"


@pytest.fixture(scope="package")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority that this process trusts, as an operator's bundle would have it."""
    authority = Authority()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(authority.save(tmp_path_factory.mktemp("tls"))))
        yield authority


@pytest.fixture(scope="package")
def certificate(authority: Authority) -> Certificate:
    return authority.issue(NAME)


@pytest.fixture
def driver() -> Driver:
    return load_driver()
