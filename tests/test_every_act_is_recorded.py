"""A service that changes rows leaves an audit event: read from the source, none is forgotten.

It follows the calls of a function within the services and asks of each public one that writes,
itself or by what it calls, whether it also reaches `record_event`. It does not ask on which path.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
ROOT = Path(__file__).resolve().parent.parent
RECORDERS = frozenset({f"orgs.services.audit.{name}" for name in ("record_event", "record_events")})
# Of rows, whatever they are called on.
WRITES = frozenset(
    {"save", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
)
# Of sets and dictionaries as well: a write when called with names, or on something's attribute.
NAMED_WRITES = frozenset({"update"})
RELATION_WRITES = frozenset({"add", "clear", "set", "remove"})
# What may write without an event, and why.
CODES = "a code that was asked for or tried; what it opens is recorded, and strangers ask at will"
CLAIMS = "the key of a request, forgotten after a day; the act itself is recorded"
CLEARING = "rows that have ended and say nothing any more"
KEYS = "a key that secrets are sealed with, made when the first one is saved"
CALLS = "a call, which the call log shows, not the audit log"
TRANSACTIONS = "the way to a provider and back; what it leads to is recorded"
PARTS = "a part of acts that record it, and no act by itself"
UNRECORDED: Mapping[str, str] = {
    "auth_providers.services.clearing.clear_expired_tokens": CLEARING,
    "auth_providers.services.configuration_secrets.put_client_secret": PARTS,
    "auth_providers.services.email_codes.ask_email_code": CODES,
    "auth_providers.services.email_codes.find_email_code": CODES,
    "auth_providers.services.email_codes.spend_email_code": CODES,
    "auth_providers.services.grant_tokens.put_tokens": PARTS,
    "auth_providers.services.installation_secrets.newest_installation_key": KEYS,
    "auth_providers.services.installation_secrets.reseal_seed": PARTS,
    "auth_providers.services.installation_secrets.seal_seed": KEYS,
    "auth_providers.services.own_identities.begin_link": TRANSACTIONS,
    "auth_providers.services.outside_grants.begin_consent": TRANSACTIONS,
    "auth_providers.services.password_reset.ask_password_reset": CODES,
    "auth_providers.services.registration.begin_registration": CODES,
    "auth_providers.services.registration.prove_registration": CODES,
    "auth_providers.services.registration.resend_registration_code": CODES,
    "auth_providers.services.rotation.claim_rotation": "a device's next tokens, each quarter hour",
    "auth_providers.services.rotation.record_rotation": "a device's next tokens, each quarter hour",
    "auth_providers.services.scim_tokens.organization_of_directory": "when it was heard of",
    "auth_providers.services.sign_in_transactions.begin_transaction": TRANSACTIONS,
    "auth_providers.services.sign_in_transactions.spend_transaction": TRANSACTIONS,
    "auth_providers.services.sealed_rows.reseal_row": PARTS,
    "auth_providers.services.test_sign_ins.begin_test": TRANSACTIONS,
    "auth_providers.services.tokens.identify": "when a token and its person were last seen",
    "auth_providers.services.vault.newest_data_key": KEYS,
    "auth_providers.services.vault.ready_vault": KEYS,
    "auth_providers.services.vault.seal_secret": KEYS,
    "functions.services.authorizations.begin_authorization": TRANSACTIONS,
    "functions.services.call_keys.claim_call": CLAIMS,
    "functions.services.call_keys.end_claim": CLAIMS,
    "functions.services.call_keys.free_claim": CLAIMS,
    "functions.services.call_log.clear_call_log": CLEARING,
    "functions.services.calls.prepare_call": CALLS,
    "functions.services.calls.send_call": CALLS,
    "functions.services.calls.try_function": CALLS,
    "functions.services.credentials.open_place": PARTS,
    "orgs.services.access_offers.forget_offers": CLEARING,
    "orgs.services.access_offers.offer_access": "an offer to ask, which strangers get at will",
    "orgs.services.audit_chain.link_all_events": "the record itself",
    "orgs.services.audit_chain.link_events": "the record itself",
    "orgs.services.idempotency.claim_request": CLAIMS,
    "orgs.services.idempotency.done_once": CLAIMS,
    "orgs.services.passwords.open_account": PARTS,
    "orgs.services.pictures.make_picture": PARTS,
}


@dataclass(frozen=True)
class Service:
    """A function of a services module: whom it calls there, and whether it writes by itself."""

    calls: frozenset[str]
    writes: bool
    is_public: bool


@dataclass
class Reading:
    """All services as read; the model methods that write count as writes by their names."""

    changes: frozenset[str] = frozenset()
    services: dict[str, Service] = field(default_factory=dict)

    def read(self, module: str, source: str) -> None:
        """Take in one module of services."""
        tree = ast.parse(source)
        functions = [node for node in tree.body if isinstance(node, FUNCTIONS)]
        known = dict(_imported(tree)) | {node.name: f"{module}.{node.name}" for node in functions}
        for node in functions:
            self.services[f"{module}.{node.name}"] = Service(
                calls=frozenset(_calls(node, known)),
                writes=any(_is_write(call, self.changes) for call in _all_calls(node)),
                is_public=not node.name.startswith("_"),
            )

    def unrecorded(self) -> set[str]:
        """Return the public services that write and never reach the recorder."""
        return {
            name
            for name, service in self.services.items()
            if service.is_public
            and name not in RECORDERS
            and not self._reach(name) & RECORDERS
            and any(self.services[reached].writes for reached in self._reach(name))
        }

    def _reach(self, name: str) -> set[str]:
        """Return the services that one comes to, itself among them."""
        reached: set[str] = set()
        ahead = [name]
        while ahead:
            here = ahead.pop()
            if here in self.services and here not in reached:
                reached.add(here)
                ahead += self.services[here].calls
        return reached


def read_project(root: Path) -> Reading:
    """Read the services of all apps, and from the models which of their methods write."""
    changes: set[str] = set()
    for path in root.glob("*/models/*.py"):
        changes |= set(_changing_methods(path.read_text()))
    reading = Reading(frozenset(changes))
    for path in root.glob("*/services/*.py"):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        reading.read(module, path.read_text())
    return reading


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and "services" in node.module:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def _calls(function: ast.AST, known: Mapping[str, str]) -> Iterator[str]:
    """Yield the services that are named: called, or handed on to be called."""
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in known:
            yield known[node.id]
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in known
        ):
            yield f"{known[node.value.id]}.{node.attr}"


def _all_calls(function: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(function) if isinstance(node, ast.Call))


def _is_write(call: ast.Call, changes: Iterable[str]) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    name, on = call.func.attr, call.func.value
    return (
        name in WRITES
        or name in changes
        or (name in NAMED_WRITES and bool(call.keywords))
        or (name in RELATION_WRITES and isinstance(on, ast.Attribute))
    )


def _changing_methods(source: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, FUNCTIONS) and any(
                    _is_write(call, ()) for call in _all_calls(method)
                ):
                    yield method.name


IMPORTED = "from orgs.services.audit import record_event\n"


class TestServices:
    def test_record_what_they_change(self) -> None:
        found = read_project(ROOT).unrecorded()

        assert sorted(found - UNRECORDED.keys()) == []

    def test_are_no_exception_without_need(self) -> None:
        found = read_project(ROOT).unrecorded()

        assert sorted(UNRECORDED.keys() - found) == []


class TestReading:
    @pytest.mark.parametrize(
        "source",
        [
            "def forget(thing):\n    thing.delete()",
            "def rename(thing):\n    Thing.objects.filter(pk=1).update(name='x')",
            "def give(group):\n    group.members.add(1)",
            "def decide(request):\n    request.advance(1)",
            "def outer(thing):\n    _inner(thing)\ndef _inner(thing):\n    thing.save()",
            "def outer(thing):\n    each(_inner, thing)\ndef _inner(thing):\n    thing.save()",
        ],
    )
    def test_finds_a_change_without_an_event(self, source: str) -> None:
        reading = Reading(changes=frozenset({"advance"}))
        reading.read("orgs.services.things", source)

        assert len(reading.unrecorded()) == 1

    @pytest.mark.parametrize(
        "source",
        [
            "def see(thing):\n    seen.add(thing)\n    counts.update(other)",
            IMPORTED + "def forget(thing):\n    thing.delete()\n    record_event('x')",
            IMPORTED + "def outer(thing):\n    thing.save()\n    _note(thing)\n"
            "def _note(thing):\n    record_event('x')",
        ],
    )
    def test_is_content_with_what_is_recorded_or_changes_nothing(self, source: str) -> None:
        reading = Reading()
        reading.read("orgs.services.audit", "def record_event(act):\n    Event.objects.create()")
        reading.read("orgs.services.things", source)

        assert reading.unrecorded() == set()

    def test_follows_a_call_into_another_module(self) -> None:
        reading = Reading()
        reading.read("orgs.services.things", "def forget(thing):\n    thing.delete()")
        source = "from orgs.services.things import forget\ndef clear():\n    forget(1)"
        reading.read("functions.services.clearing", source)

        assert reading.unrecorded() == {
            "orgs.services.things.forget",
            "functions.services.clearing.clear",
        }

    def test_learns_from_the_models_which_methods_write(self) -> None:
        source = "class Thing:\n    def advance(self):\n        Thing.objects.update(x=1)\n"

        assert list(_changing_methods(source)) == ["advance"]
