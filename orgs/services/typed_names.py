"""A name that is typed by whoever means to end what has it."""

from django.utils.translation import gettext as _

from jigxmgmt.errors import FieldFault, Invalid


class NameMistyped(Invalid):
    code = "name_mistyped"


def require_typed_name(typed: str, name: str, *, field: str = "typed") -> None:
    """Raise NameMistyped, at the field, unless the name was typed."""
    if typed.strip() == name.strip():
        return
    sentence = _("Type %(name)s to confirm.") % {"name": name}
    raise NameMistyped(sentence, faults=[FieldFault(f"/{field}", sentence, NameMistyped.code)])
