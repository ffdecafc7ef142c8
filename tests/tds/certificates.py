"""Certificates for the scripted server, of an authority of the tests' own."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """Issues certificates; none of the system's own knows it."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    @property
    def pem(self) -> bytes:
        return self._authority.cert_pem.bytes()

    def save(self, folder: Path) -> Path:
        """Write the authority's certificate as a bundle and return where it is."""
        path = folder / "authority.pem"
        path.write_bytes(self.pem)
        return path

    def issue(self, *names: str, has_expired: bool = False) -> "Certificate":
        not_after = datetime.now(UTC) - timedelta(days=1) if has_expired else None
        return Certificate(self._authority.issue_cert(*names, not_after=not_after))


class Certificate:
    """A server's certificate and key."""

    def __init__(self, leaf: trustme.LeafCert) -> None:
        self._leaf = leaf
        encoded = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
        self.sha256 = hashlib.sha256(encoded).hexdigest()

    def context(self) -> ssl.SSLContext:
        """Offer it; by TLS 1.2, because 1.3 sends tickets when TDS no longer frames them."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_TICKET
        self._leaf.configure_cert(context)
        return context
