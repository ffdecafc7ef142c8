"""The drivers of the product, and a scripted server that they trust."""

from collections.abc import Iterator
from pathlib import Path

import mssql_python_odbc
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


def odbc_driver() -> Path:
    """Find the ODBC driver that the one library brings along, for the other to use."""
    libraries = Path(mssql_python_odbc.get_libs_dir())
    return next(libraries.glob("linux/debian_ubuntu/*/lib/libmsodbcsql*"))


@pytest.fixture(params=["mssql_python", "pyodbc"])
def driver(request: pytest.FixtureRequest) -> Driver:
    name = request.param
    return load_driver(name if name == "mssql_python" else f"pyodbc:{odbc_driver()}")
