"""Why a sign-in by a provider came to nothing, as people are told."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from auth_providers.services.provider_refusals import AWAY
from auth_providers.services.vault import VaultAway, VaultKeyMissing

OTHER = "provider_refused"
# By the code of the refusal: the status of the page, and its sentence.
REASONS: Mapping[str, tuple[int, StrPromise]] = {
    "access_denied": (
        403,
        _("The provider did not let you in, or you did not allow it there."),
    ),
    "identity_taken": (
        409,
        _("That account belongs to somebody else here. Nothing was linked."),
    ),
    "not_a_member": (403, _("This is no single sign-on of an organization of yours.")),
    "sso_refused": (
        403,
        _("This sign-in was refused. Ask an administrator of your organization."),
    ),
    "transaction_over": (409, _("This sign-in is over, or took too long. Begin again.")),
    "transaction_unknown": (
        404,
        _("There is no such sign-in, or it was begun in another browser. Begin again."),
    ),
    **{
        code: (503, _("The provider does not answer just now. Try again in a moment."))
        for code in AWAY
    },
    **{
        kind.code: (503, _("This portal's vault can't be opened just now. Try again in a moment."))
        for kind in (VaultAway, VaultKeyMissing)
    },
    OTHER: (
        422,
        _(
            "What the provider sent could not be used. Try again; if it stays so, ask an "
            "administrator to test the sign-in."
        ),
    ),
}
