"""What is written about requests to join: to whoever decides, and to whoever asked."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from orgs.mail.letters import Letter
from orgs.models import JoinRequest, Membership


def new_request_letter(join_request: JoinRequest) -> Letter:
    """Return the letter to the address that the organization has set for this."""
    names = {
        "person": join_request.display_name,
        "email": join_request.email,
        "organization": join_request.organization.name,
    }
    if join_request.first_name or join_request.last_name:
        sentence = _("%(person)s (%(email)s) asks to join %(organization)s.") % names
    else:
        sentence = _("%(email)s asks to join %(organization)s.") % names
    paragraphs = [sentence]
    if join_request.message:
        paragraphs.append(_("They write: “%(message)s”") % {"message": join_request.message})
    return Letter(
        subject=_("%(person)s asks to join %(organization)s") % names,
        paragraphs=paragraphs,
        link_label=_("Open the request"),
        link=f"{settings.PUBLIC_URL}{reverse('join-request', args=[join_request.pk])}",
    )


def decision_letter(join_request: JoinRequest) -> Letter:
    """Return the letter that tells the person what became of their request."""
    if join_request.status == JoinRequest.Status.APPROVED:
        return _welcome_letter(join_request)
    return _denial_letter(join_request)


def _welcome_letter(join_request: JoinRequest) -> Letter:
    names = {"organization": join_request.organization.name}
    membership = join_request.membership
    opens_console = membership is not None and membership.role != Membership.Role.USER
    paragraphs = [
        _("Your request was approved: you are now a member of %(organization)s.") % names,
        _("Open the app and sign in to see what is there for you."),
    ]
    return Letter(
        subject=_("Welcome to %(organization)s") % names,
        paragraphs=paragraphs,
        link_label=_("Open the console") if opens_console else "",
        link=settings.PUBLIC_URL if opens_console else "",
    )


def _denial_letter(join_request: JoinRequest) -> Letter:
    names = {"organization": join_request.organization.name}
    paragraphs = [_("Your request to join %(organization)s was not approved.") % names]
    if join_request.reason:
        paragraphs.append(_("The reason: %(reason)s") % {"reason": join_request.reason})
    return Letter(subject=_("Your request to join %(organization)s") % names, paragraphs=paragraphs)
