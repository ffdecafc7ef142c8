"""Certificates that no authority would issue, as whoever runs a server may show them."""

from collections.abc import Callable
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from functions.sql_server.certificates import describe

# The last byte of the extensions' object identifiers, 2.5.29.17 and 2.5.29.18.
_NAMES, _ISSUER_S_NAMES = b"\x06\x03\x55\x1d\x11", b"\x06\x03\x55\x1d\x12"
_ONE_NAME = b"\x30\x03\x82\x01a"


def certificate(*extensions: tuple[str, bytes]) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "db")])
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), 5)
        .not_valid_before(datetime(2026, 1, 1))  # noqa: DTZ001 (in UTC, as the library has it)
        .not_valid_after(datetime(9999, 12, 31))  # noqa: DTZ001
    )
    for identifier, encoded in extensions:
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(identifier), encoded)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def twice_named() -> bytes:
    both = certificate(("2.5.29.17", _ONE_NAME), ("2.5.29.18", _ONE_NAME))
    return both.replace(_ISSUER_S_NAMES, _NAMES)


def with_an_unknown_kind_of_name() -> bytes:
    return certificate(("2.5.29.17", b"\x30\x02\xa5\x00"))


def of_no_version() -> bytes:
    return certificate().replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07")


class TestDescribe:
    @pytest.mark.parametrize("make", [twice_named, with_an_unknown_kind_of_name, of_no_version])
    def test_what_can_not_be_read_is_not_shown(self, make: Callable[[], bytes]) -> None:
        assert describe(make()) is None

    def test_years_have_four_digits(self) -> None:
        shown = describe(certificate().replace(b"99991231000000Z", b"00091231000000Z"))

        assert shown is not None
        assert shown.not_after == "0009-12-31T00:00:00Z"
