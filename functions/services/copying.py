"""A solution made after another: all that it is, and none of its secrets or people."""

from dataclasses import asdict, replace

from django.db import transaction
from django.utils.translation import gettext as _

from auth_providers.models import OAuthConfiguration
from functions.models import Connection, Credential
from functions.services.connection_fields import fields_of
from functions.services.publishing import live_version, publish_solution
from orgs import policies
from orgs.models import Solution, SolutionGroup, User
from orgs.services.audit import record_event
from orgs.services.solutions import (
    NAME_LENGTH,
    TITLE_LENGTH,
    change_solution,
    create_solution,
    hold_solution,
)

# What is a configuration's own: its place, its secret, and who did what with it.
NOT_COPIED = frozenset(
    {
        *("id", "solution", "sealed_secret", "data_key", "revision", "created_at"),
        *("saved_by", "saved_at", "secret_saved_by", "secret_saved_at"),
    }
)


@transaction.atomic
def copy_solution(solution: Solution, *, name: str, title: str | None = None, by: User) -> Solution:
    """Make a solution of the same organization with this one's live folder as its first version.

    Settings come along, groups without their people, credentials and connections without their
    secrets.
    Raises NotAllowed, SolutionGone, and what create_solution and publish_solution raise.
    """
    hold_solution(solution)  # so that the parts belong together
    policies.require_in_solution(by, policies.SolutionAct.DELETE, solution)
    wanted = suggested_title(solution) if title is None else title
    copy = create_solution(solution.organization, name=name, title=wanted, by=by)
    change_solution(copy, custom_settings=solution.custom_settings, by=by)
    groups = SolutionGroup.objects.bulk_create(
        SolutionGroup(solution=copy, name=group.name) for group in solution.groups.all()
    )
    credentials = _copy_credentials(solution, copy, by=by)
    connections = _copy_connections(solution, copy, by=by)
    if solution.version:
        publish_solution(copy, archive=bytes(live_version(solution).archive), by=by)
    record_event(
        "solution.copy",
        by=by,
        subject=copy,
        organization=copy.organization,
        changes={
            "copied_from": (None, str(solution.pk)),
            "groups": ([], [group.name for group in groups]),
            "credentials": ([], [credential.key for credential in credentials]),
            "connections": ([], [connection.name for connection in connections]),
        },
    )
    return copy


def suggested_name(solution: Solution) -> str:
    """Return a name for a copy that no solution of the organization has."""
    known = set(solution.organization.solutions.values_list("name", flat=True))
    endings = ("-copy", *(f"-copy-{number}" for number in range(2, len(known) + 3)))
    names = (solution.name[: NAME_LENGTH - len(ending)] + ending for ending in endings)
    return next(name for name in names if name not in known)


def suggested_title(solution: Solution) -> str:
    sentence = _("%(title)s (copy)")
    room = TITLE_LENGTH - len(sentence % {"title": ""})
    return sentence % {"title": solution.title[:room]}


def _copy_credentials(solution: Solution, copy: Solution, *, by: User) -> list[Credential]:
    """Keep places for the same secrets; devices get them only by the word of who may say so."""
    may_open = policies.can(by, policies.Act.CONFIGURE_ALL_SOLUTIONS, solution.organization)
    return Credential.objects.bulk_create(
        Credential(
            solution=copy,
            key=credential.key,
            type=credential.type,
            configuration=_copy_configuration(credential, copy, by=by),
            allowed_origins=credential.allowed_origins,
            available_to_devices=credential.available_to_devices and may_open,
            saved_by=by,
        )
        for credential in solution.credentials.select_related("configuration").defer("sealed")
    )


def _copy_connections(solution: Solution, copy: Solution, *, by: User) -> list[Connection]:
    """Keep how the same servers are reached; each proves itself until somebody says otherwise."""
    return Connection.objects.bulk_create(
        Connection(
            solution=copy,
            name=connection.name,
            saved_by=by,
            **asdict(replace(fields_of(connection), trusts_any_certificate=False)),
        )
        for connection in solution.connections.defer("sealed")
    )


def _copy_configuration(
    credential: Credential, copy: Solution, *, by: User
) -> OAuthConfiguration | None:
    """Return the organization's own, which both share, or a twin of one that is a part of the
    credential: all of it but the client's secret. Consents stay with the solution they are for.
    """
    configuration = credential.configuration
    if configuration is None or configuration.solution_id is None:
        return configuration
    twin = {
        field.attname: getattr(configuration, field.attname)
        for field in OAuthConfiguration._meta.concrete_fields
        if field.name not in NOT_COPIED
    }
    return OAuthConfiguration.objects.create(solution=copy, saved_by=by, **twin)
