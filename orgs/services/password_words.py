"""Passwords that are made of words which anybody here would guess first."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from orgs.models import Membership, User
from orgs.services.domain_names import domain_of

# The product, its parts and its roles; beside them the person's organizations and domain.
WORDS = frozenset(
    re.findall(
        "[a-z]+",
        "jigxmgmt jigx mgmt console portal solution solutions function functions organization "
        "owner admin administrator creator editor user operator support staff "
        "password passwort passphrase secret welcome login signin",
    )
)
SHORTEST = 3


class ContextWords:
    """Refuses a password of such words alone, whatever digits and signs stand between them."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError where nothing is left once the words are taken out."""
        rest = letters = _letters(password)
        for word in sorted(WORDS | _words_of(user), key=len, reverse=True):
            rest = rest.replace(word, "")
        if letters and not rest:
            raise ValidationError(
                _("This password is made of words that anybody here would guess."),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        return _("A password of the names of your organization or of this site is refused.")


def _words_of(user: User | None) -> frozenset[str]:
    """Return the words of a person's organizations, and of the domain of their address."""
    if user is None:
        return frozenset()
    mine = Membership.objects.filter(user=user.pk).values_list("organization__name", flat=True)
    names = [domain_of(user.email), *mine]
    words = {_letters(part) for name in names for part in [name, *re.split(r"[\W_]+", name)]}
    return frozenset(word for word in words if len(word) >= SHORTEST)


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.lower()))
