"""What functions call a provider or a credential by."""

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

REFERENCE_KEY = RegexValidator(
    r"^[A-Za-z][A-Za-z0-9_.-]{0,98}[A-Za-z0-9]$",
    _("Use 2 to 100 letters, digits, dots, hyphens and underscores; begin with a letter."),
)
