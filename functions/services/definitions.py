"""Definitions ready to run. A version never changes, so what was built once stays good."""

import uuid
from collections import OrderedDict
from functools import lru_cache

import orjson
from django.utils.translation import gettext as _

from functions.engine import Definition, check_definition
from functions.models import FunctionDefinition, PublishedVersion
from functions.services.archives import read_scripts
from jigxmgmt.errors import NotFound
from orgs.models import Solution

Key = tuple[uuid.UUID, int, str]


class NoSuchFunction(NotFound):
    code = "function_unknown"


class Definitions:
    """The definitions that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Key, Definition] = OrderedDict()

    def known(self, solution_id: uuid.UUID, version: int, name: str) -> Definition | None:
        """Return it if it is at hand, without a query."""
        return self._known.get((solution_id, version, name))

    def __call__(self, solution_id: uuid.UUID, version: int, name: str) -> Definition:
        """Return a function of a published version; raises NoSuchFunction."""
        known = self.known(solution_id, version, name)
        return known or self._build((solution_id, version, name))

    def of_live(self, solution: Solution, *, on_device: bool | None = None) -> list[Definition]:
        """Return the functions of the live version, or those that run on the device, or don't."""
        rows = FunctionDefinition.objects.filter(
            version__solution=solution, version__number=solution.version
        )
        if on_device is not None:
            rows = rows.filter(runs_on_device=on_device)
        keyed = (((solution.pk, solution.version, row.name), row) for row in rows.defer("text"))
        found = (self._known.get(key) or self._keep(key, row) for key, row in keyed)
        return [definition for definition in found if definition is not None]

    def _build(self, key: Key) -> Definition:
        solution_id, version, name = key
        row = FunctionDefinition.objects.filter(
            version__solution=solution_id, version__number=version, name=name
        ).first()
        if row is None:
            raise NoSuchFunction(_("There is no function %(name)s.") % {"name": name})
        definition = self._keep(key, row)
        if definition is None:
            raise NoSuchFunction(_("The function %(name)s is empty.") % {"name": name})
        return definition

    def _keep(self, key: Key, row: FunctionDefinition) -> Definition | None:
        source = orjson.loads(row.source)
        checked = check_definition(source, name=row.name)
        if checked.script_calls:
            scripts = scripts_of_version(row.version_id)
            checked = check_definition(source, name=row.name, scripts=scripts)
        definition = checked.definition
        if definition is not None:
            self._known[key] = definition
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return definition


@lru_cache(maxsize=16)
def scripts_of_version(version_id: uuid.UUID) -> dict[str, str]:
    """Return the sources of a published folder's scripts by the name of the file."""
    archives = PublishedVersion.objects.filter(pk=version_id).values_list("archive", flat=True)
    return read_scripts(bytes(archives.get()))


definition_of = Definitions(most=5000)


def keys_of_local_functions(solution: Solution) -> frozenset[str]:
    """Return what the local functions of the live version hold where a credential's key may be."""
    local = definition_of.of_live(solution, on_device=True)
    return frozenset(key for definition in local for key in definition.default_keys)
