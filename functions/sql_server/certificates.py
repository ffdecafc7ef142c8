"""Certificates: whom we believe, and what one says of itself."""

import ssl
import warnings
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from functions.sql_server.stages import Advice, Certificate

# What the library raises of a certificate that is odd; these are no ValueErrors.
_UNREADABLE = (
    ValueError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
MOST_NAMES = 50
LONGEST_NAME = 300

# X509_V_ERR_… of OpenSSL (x509_vfy.h); whatever else is wrong, the issuer is not believed.
_ADVICE = {
    9: Advice.TLS_EXPIRED,  # not yet valid
    10: Advice.TLS_EXPIRED,
    62: Advice.TLS_WRONG_NAME,
    64: Advice.TLS_WRONG_NAME,  # an address
}


@cache
def verifying_context(bundle: str | None) -> ssl.SSLContext:
    """Believe the system's authorities, and those in the operator's bundle.

    TDS 7 knows no TLS beyond 1.2: 1.3 has messages after the handshake, which it can't frame.
    """
    context = ssl.create_default_context()
    if bundle is not None:
        context.load_verify_locations(cafile=bundle)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def believing_context() -> ssl.SSLContext:
    """Believe anybody, to be able to show what a server has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def advice_on(error: ssl.SSLCertVerificationError) -> Advice:
    return _ADVICE.get(error.verify_code, Advice.TLS_UNKNOWN_CA)


def is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def describe(encoded: bytes) -> Certificate | None:
    """Say what a certificate says; None when it can't be read."""
    with warnings.catch_warnings():
        # The library warns of what is odd in a certificate, and this one is anybody's.
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(encoded)
            return Certificate(
                subject=certificate.subject.rfc4514_string()[:LONGEST_NAME],
                issuer=certificate.issuer.rfc4514_string()[:LONGEST_NAME],
                names=_names(certificate),
                not_before=_moment(certificate.not_valid_before_utc),
                not_after=_moment(certificate.not_valid_after_utc),
                sha256=certificate.fingerprint(hashes.SHA256()).hex(),
            )
        except _UNREADABLE:
            return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = found.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return tuple(name[:LONGEST_NAME] for name in (names + addresses)[:MOST_NAMES])


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
