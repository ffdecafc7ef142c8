"""The languages that an invitation or a person's profile may name."""

from orgs.models.languages import LANGUAGES, is_language, language_name

__all__ = ["LANGUAGES", "is_language", "language_name"]
