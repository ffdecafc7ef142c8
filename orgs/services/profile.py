"""What a person is called, and the language that they are addressed in."""

from django.db import transaction
from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid, NotAllowed
from orgs.models import User
from orgs.models.languages import is_language
from orgs.services.audit import record_event
from orgs.services.people import name_faults


class ProfileInvalid(Invalid):
    code = "profile_invalid"


@transaction.atomic
def change_profile(user: User, *, first_name: str, last_name: str, language: str, by: User) -> None:
    """Change one's own name and language.

    Raises NotAllowed for somebody else's, or ProfileInvalid with each fault.
    """
    if user.pk != by.pk:
        raise NotAllowed(_("A profile is its person's own to change."))
    wanted = {"first_name": first_name.strip(), "last_name": last_name.strip()}
    _check(wanted, language)
    wanted["language"] = language
    locked = User.objects.select_for_update().get(pk=user.pk)
    changes = {
        field: (getattr(locked, field), value)
        for field, value in wanted.items()
        if value != getattr(locked, field)
    }
    for field, value in wanted.items():
        setattr(user, field, value)
    if changes:
        user.save(update_fields=list(changes))
        record_event("user.change_profile", by=by, subject=user, changes=changes)


def _check(names: dict[str, str], language: str) -> None:
    faults = name_faults(**names)
    if not is_language(language):
        faults.append(FieldFault("/language", _("There is no such language."), ProfileInvalid.code))
    if faults:
        raise ProfileInvalid(_("Some fields are at fault."), faults=faults)
