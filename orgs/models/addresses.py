"""E-mail addresses and domains, each in the one spelling that is kept."""

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

DOMAIN_LENGTH = 253
ADDRESS_LENGTH = 254  # RFC 5321 4.5.3.1.3: a path of 256 holds the brackets too


def a_labels(domain: str) -> str:
    """Return a domain in lower-case A-labels (RFC 5891, mapped as UTS 46 says), no final dot.

    Raises idna.IDNAError.
    """
    if len(domain) > DOMAIN_LENGTH + 1:  # mapping takes long for what is no name anyway
        raise idna.IDNAError("too long")
    return idna.encode(domain, uts46=True).decode().lower().removesuffix(".")


def normal_email(email: str) -> str:
    """Return the spelling by which an address is looked up; what is none gets no other words."""
    written = email.strip().lower()
    local, at, domain = written.rpartition("@")
    try:
        return f"{local}{at}{a_labels(domain)}" if at else written
    except UnicodeError:  # idna's among them
        return written


def kept_email(email: str) -> str:
    """Return the spelling under which an address is kept: lower case, and all of it ASCII.

    The mail library would map a domain by older rules (RFC 3490), to one that may be somebody
    else's, and would decode what is quoted or encoded. Raises ValidationError.
    """
    kept = normal_email(email)
    local, _at, domain = kept.rpartition("@")
    if not local.isascii():
        raise ValidationError(_("Before the @ an address has plain letters, without accents."))
    try:
        a_labels(domain)
        validate_email(kept)
    except (UnicodeError, ValidationError) as error:
        raise ValidationError(_("This is not an e-mail address.")) from error
    if '"' in local or "=?" in local:
        raise ValidationError(_("This is not an e-mail address."))
    if len(kept) > ADDRESS_LENGTH:
        raise ValidationError(_("This address is too long."))
    return kept
