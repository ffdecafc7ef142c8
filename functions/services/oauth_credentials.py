"""Credentials that send each caller's own token: by a configuration of its own or a shared one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration
from auth_providers.services.configuration_fields import (
    ConfigurationFields,
    ConfigurationInvalid,
)
from auth_providers.services.oauth_configurations import save_configuration
from auth_providers.services.vault import ready_vault
from functions.models import Credential
from functions.services.credentials import NotACredential, keep_credential, open_place
from jigxmgmt.errors import FieldFault
from orgs.models import Solution, User
from orgs.services.solutions import hold_solution

PLACES = {"/type": "/configuration_type", "/client_secret": "/secret/client_secret"}


def save_oauth_credential(
    solution: Solution,
    *,
    key: str,
    fields: ConfigurationFields,
    client_secret: str | None,
    allowed_origins: Sequence[str],
    by: User,
    now: datetime,
) -> Credential:
    """Let calls send the caller's token of a client that is this credential's alone.

    Its configuration has the credential's key. Without a client secret the one that is there
    stays. It may wait for the vault, so call it in no transaction. Raises NotAllowed, SolutionGone
    or NotACredential.
    """
    ready_vault(solution.organization)
    with transaction.atomic():
        opened = open_place(
            solution,
            key=key,
            type=Credential.Type.OAUTH,
            allowed_origins=allowed_origins,
            available_to_devices=False,
            faults=[],
            by=by,
        )
        is_own = opened.earlier is not None and opened.earlier.solution_id == solution.pk
        try:
            opened.credential.configuration = save_configuration(
                solution.organization,
                replace(fields, key=key, name=fields.name or key),
                secret=client_secret,
                by=by,
                now=now,
                solution=solution,
                configuration=opened.earlier if is_own else None,
            )
        except ConfigurationInvalid as refusal:
            faults = [_placed(fault) for fault in refusal.faults]
            raise NotACredential(refusal.detail, faults=faults) from refusal
        return keep_credential(opened, by=by)


def _placed(fault: FieldFault) -> FieldFault:
    """Point into a credential, whose type and secret are not its configuration's."""
    return replace(fault, pointer=PLACES.get(fault.pointer, fault.pointer))


@transaction.atomic
def save_oauth_alias(
    solution: Solution,
    *,
    key: str,
    configuration_id: UUID,
    allowed_origins: Sequence[str],
    by: User,
) -> Credential:
    """Let calls send the caller's token of one of the organization's OAuth configurations.

    Raises NotAllowed, SolutionGone or NotACredential.
    """
    hold_solution(solution)
    known = OAuthConfiguration.objects.of_organization(solution.organization)
    # Held, so that it is not removed in this moment.
    configuration = known.select_for_update(of=("self",)).filter(pk=configuration_id).first()
    sentence = _("The organization has no such OAuth configuration.")
    fault = FieldFault("/configuration_id", sentence, "configuration_unknown")
    opened = open_place(
        solution,
        key=key,
        type=Credential.Type.OAUTH_ALIAS,
        allowed_origins=allowed_origins,
        available_to_devices=False,
        faults=[] if configuration else [fault],
        by=by,
    )
    opened.credential.configuration = configuration
    return keep_credential(opened, by=by)
