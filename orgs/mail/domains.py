"""What owners are told of their domains."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from orgs.mail.letters import Letter
from orgs.models import Domain


def proof_lost_letter(domain: Domain) -> Letter:
    """Return the words for a domain whose record in the DNS is gone for days."""
    names = {"name": domain.name, "organization": domain.organization.name}
    return Letter(
        subject=_("%(name)s is no longer proved") % names,
        paragraphs=[
            _(
                "The TXT record that proves that %(name)s belongs to %(organization)s was not "
                "found three days in a row."
            )
            % names,
            _(
                "Nobody joins by an address of this domain without approval until it is proved "
                "again. Everybody who is a member already stays."
            ),
            _("The page of the domain shows the record that belongs into the DNS."),
        ],
        link_label=_("Open the domain"),
        link=f"{settings.PUBLIC_URL}{reverse('domain', args=[domain.pk])}",
    )
