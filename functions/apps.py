from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig

from auth_providers.vault.places import SealedRows


def _advance_stamps(credential_ids: Sequence[Any]) -> None:
    from functions.models import CredentialStamp
    from orgs.models import Solution

    solutions = Solution.objects.filter(credentials__in=credential_ids).distinct()
    for solution in solutions.order_by("pk"):
        CredentialStamp.advance(solution)


class FunctionsConfig(AppConfig):
    name = "functions"
    verbose_name = "Functions"
    sealed_rows = (SealedRows("functions.Credential", ("sealed",), stale=_advance_stamps),)
