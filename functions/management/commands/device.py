from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from functions.device.arguments import read_object
from functions.device.calls import Calls, Ran, Wanted
from functions.device.client import Device
from functions.device.local_calls import read_networks
from functions.device.portal import Portal
from functions.device.queue import Command as Waiting
from functions.device.refusals import DeviceRefusal, NotReadable, Unreachable, Unusable
from functions.device.signing_in import (
    by_browser,
    by_password,
    by_single_sign_on,
    standing_of_request,
)
from functions.device.synced import Synced
from functions.management.device_terminal import Terminal

REFUSED = 1


class Command(BaseCommand):
    help = "Try a solution as a phone does: sign in, sync, run functions, look at the rows."
    requires_system_checks = ()  # nothing of the installation is used, which may be elsewhere

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--home", type=Path, default=settings.DATA_DIR / "device", help="The device's folder."
        )
        acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
        _add_sign_in(acts)
        _add_run(acts)
        sync = acts.add_parser("sync", help="Fetch a solution's live version.")
        query = acts.add_parser("query", help="Read the rows that are stored here.")
        connect = acts.add_parser(
            "connect", help="Let functions use your account at an outside service."
        )
        for each in (sync, query, connect):
            each.add_argument("solution", help="Its name or id.")
        query.add_argument("sql", help="As `SELECT id, data FROM customers`.")
        query.add_argument("--json", action="store_true", help="Print objects, not a table.")
        connect.add_argument("credential", help="The credential's key.")
        queue = acts.add_parser("queue", help="List the calls that wait for the portal.")
        queue.add_argument("what", nargs="?", choices=["send", "drop"], help="By default list.")
        queue.add_argument("command_id", nargs="?", help="Which call to drop.")
        acts.add_parser("join-request", help="Say where your request to join stands.")
        acts.add_parser("sign-out", help="End this device, and remove all that it holds.")

    def handle(self, **options: Any) -> None:
        terminal = Terminal(self.stdout)  # type: ignore[arg-type]  # writes as a file does
        act = getattr(self, f"_{options['act'].replace('-', '_')}")
        try:
            act(terminal, Device(options["home"]), options)
        except DeviceRefusal as refusal:
            terminal.tell(refusal.detail)
            raise SystemExit(REFUSED) from None
        except KeyboardInterrupt:
            terminal.tell("Stopped.")
            raise SystemExit(REFUSED) from None

    def _sign_in(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        way = partial(_come_in, terminal, device, options)
        account = device.sign_in(options["portal"], client_id=options["client_id"], way=way)
        terminal.show(f"Signed in as {account.user['email']} at {account.portal}.")

    def _sync(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        synced, is_new = device.sync(options["solution"])
        here = sum(function["runs_on"] == "device" for function in synced.functions)
        terminal.show(
            f"{synced.name} is at version {synced.version}{'' if is_new else ' as before'}: "
            f"{len(synced.functions)} functions, {here} of them run on this device."
        )

    def _run(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        synced, entity = device.synced(options["solution"]), options["entity"]
        with device.calls(synced) as calls, terminal.progress("Calling.") as tell:
            ran = calls.run(
                Wanted(
                    function=options["function"],
                    pairs=options["values"],
                    given=read_object(options["json"]) if options["json"] else {},
                    entity=entity,
                    networks=read_networks(options["allow_network"]),
                    may_wait=options["queue"],
                    tell=tell,
                )
            )
            refused = calls.queue.failed()
        _show(terminal, ran, reason=calls.sender.interruption)
        if refused:
            terminal.tell("Calls that waited before were refused; `device queue` lists them.")

    def _query(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        with device.storage(device.synced(options["solution"])) as storage:
            try:
                table = storage.query(options["sql"])
            except NotReadable as refusal:
                names = ", ".join(storage.entity_names()) or "none"
                raise Unusable(f"{refusal.detail} The tables here: {names}.") from None
        if options["json"]:
            rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            terminal.show_json(rows)
        else:
            terminal.show_grid(table.columns, table.rows)

    def _connect(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        key = options["credential"]
        state = device.connect(device.synced(options["solution"]), key, person=terminal)
        terminal.show(f"Your account is {state} through {key}.")

    def _queue(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        what, command_id = options["what"], options["command_id"]
        is_known = what != "drop"
        for synced in device.all_synced():
            with device.calls(synced) as calls:
                if what == "send":
                    _send(terminal, calls, synced)
                elif what is None:
                    _list(terminal, calls, synced)
                elif command_id in {each.command_id for each in _all_commands(calls)}:
                    is_known = True
                    calls.queue.drop(command_id)
        if not is_known:
            raise Unusable("Say which call to drop, by its id in `device queue`.")

    def _join_request(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        terminal.show(standing_of_request(device.keychain))

    def _sign_out(self, terminal: Terminal, device: Device, options: dict[str, Any]) -> None:
        signed_out = device.sign_out()
        terminal.show("Signed out; nothing of it is left on this device.")
        if signed_out.end_session_url:
            terminal.show("To sign out at your organization's provider too, visit:")
            terminal.show(signed_out.end_session_url)
        if signed_out.untold:
            terminal.tell(
                f"{signed_out.untold} The portal still lists this device until it is revoked there."
            )


def _come_in(
    terminal: Terminal, device: Device, options: dict[str, Any], portal: Portal
) -> dict[str, Any]:
    """Go the way that was chosen, and return new tokens."""
    client_id = options["client_id"]
    if options["browser"]:
        return by_browser(portal, terminal, client_id=client_id)
    email = options["email"] or terminal.ask("E-mail")
    if options["single_sign_on"]:
        return by_single_sign_on(
            portal, terminal, client_id=client_id, email=email, keychain=device.keychain
        )
    password = terminal.read_password(options["password_file"])
    return by_password(portal, terminal, client_id=client_id, email=email, password=password)


def _add_sign_in(acts: Any) -> None:
    # Else `--password` would be short for `--password-file`, and what follows a file's name.
    parser = acts.add_parser("sign-in", help="Make this a device of yours.", allow_abbrev=False)
    parser.add_argument("portal", help="Its address, as https://portal.example.com.")
    parser.add_argument("--client-id", required=True, help="Of the app; `bootstrap` prints one.")
    parser.add_argument("--email", help="Yours; else it is asked for.")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--browser", action="store_true", help="At the portal, in your browser.")
    ways.add_argument(
        "--single-sign-on", action="store_true", help="At your organization's own provider."
    )
    ways.add_argument(
        "--password-file", type=Path, help="Else it is typed, or read from standard input."
    )


def _add_run(acts: Any) -> None:
    parser = acts.add_parser("run", help="Run a function, by the portal or here as it says.")
    parser.add_argument("solution", help="Its name or id.")
    parser.add_argument("function")
    parser.add_argument(
        "values", nargs="*", metavar="name=value", help="Parameters; a file is `name=@path`."
    )
    parser.add_argument("--json", help="Parameters as one object; name=value counts more.")
    parser.add_argument("--entity", help="The table for the rows; without it none are stored.")
    parser.add_argument(
        "--queue",
        action="store_true",
        help="Let it wait for the portal although it only reads; what changes something does.",
    )
    parser.add_argument(
        "--allow-network",
        action="append",
        default=[],
        metavar="NETWORK",
        help="Let functions for this device reach a private network, as 10.0.0.0/8.",
    )


def _show(terminal: Terminal, ran: Ran, *, reason: str) -> None:
    """Print what came of a call; the reason is that for which it waits."""
    if ran.status == "queued":
        terminal.tell(f"{reason} The call waits; `device queue send` sends it.")
    elif ran.status == "skipped":
        terminal.tell("The function's `when` is false, so nothing was called.")
    else:
        terminal.show_json(ran.output)
    if ran.stored is not None:
        terminal.tell(f"{'1 row was' if ran.stored == 1 else f'{ran.stored} rows were'} stored.")


def _send(terminal: Terminal, calls: Calls, synced: Synced) -> None:
    """Send a solution's queue, and say what became of it."""
    waiting = len(calls.queue.waiting())
    sent = calls.queue.send(calls.sender.deliver)
    arrived = len(sent.delivered) + len(sent.delivered_before)
    terminal.show(f"{synced.name}: {arrived} of {waiting} calls were delivered.")
    for command_id in sent.refused:
        refusal = calls.sender.became[command_id]
        terminal.tell(f"{command_id} was refused: {refusal}")
    if sent.delivered_before:
        terminal.tell("Some were delivered before: run what lists their rows, to learn new ids.")
    if sent.unstored:
        terminal.tell("What some of them brought can't be stored.")
    if sent.is_interrupted:
        raise Unreachable(f"{calls.sender.interruption} The rest waits.")


def _list(terminal: Terminal, calls: Calls, synced: Synced) -> None:
    for command in _all_commands(calls):
        state = f"refused ({command.code})" if command.code else "waits"
        terminal.show(f"{command.command_id}  {synced.name}  {command.function}  {state}")


def _all_commands(calls: Calls) -> list[Waiting]:
    return [*calls.queue.waiting(), *calls.queue.failed()]
