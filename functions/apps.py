from collections.abc import Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig

from auth_providers.vault.places import SealedRows


def _advance_stamps_by(relation: str, row_ids: Sequence[Any]) -> None:
    from functions.models import CredentialStamp
    from orgs.models import Solution

    solutions = Solution.objects.filter(**{f"{relation}__in": row_ids}).distinct()
    for solution in solutions.order_by("pk"):
        CredentialStamp.advance(solution)


class FunctionsConfig(AppConfig):
    name = "functions"
    verbose_name = "Functions"
    sealed_rows = tuple(
        SealedRows(model, ("sealed",), stale=partial(_advance_stamps_by, relation))
        for model, relation in (
            ("functions.Credential", "credentials"),
            ("functions.Connection", "connections"),
        )
    )
