import os
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connections

from auth_providers.services.keys_in_use import advice_on, missing_keys
from functions.management.announcements import (
    Demo,
    describe_calls,
    describe_device,
    describe_people,
)
from functions.management.foreign_broker import doubt_about_broker
from functions.management.parts import Installation
from functions.management.static import collect_static
from jigxmgmt.supervisor.broker import answers, find_server, make_private
from jigxmgmt.supervisor.ground import (
    Unfit,
    check_tls,
    claim_folder,
    listen,
    listen_where_before,
)
from jigxmgmt.supervisor.parts import PartEnded, Supervisor
from jigxmgmt.supervisor.readiness import Readiness

UNFIT = 2
FELL = 1
# How often the watch looks up from its sockets.
STARTING_SECONDS = 0.05
RUNNING_SECONDS = 1.0


class Command(BaseCommand):
    help = "Run the whole installation in the foreground, until Ctrl-C or SIGTERM."
    requires_system_checks = ()  # they are `make check`'s; here they would only delay the start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="Seed a demo organization.")
        parser.add_argument("--host", default="127.0.0.1", help="Where the web server listens.")
        parser.add_argument("--port", type=int, default=8000, help="0 takes a free one.")
        parser.add_argument("--tls-cert", type=_path, help="Certificate chain, PEM.")
        parser.add_argument("--tls-key", type=_path, help="The certificate's key, PEM.")
        parser.add_argument(
            "--ends-with-parent",
            action="store_true",
            help="Stop when the process that started this one is gone (for make).",
        )

    def handle(self, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        try:
            self._run(options)
        except KeyboardInterrupt:
            self._say("Stopped.")
        except Unfit as refusal:
            self._give_up(str(refusal), UNFIT)
        except PartEnded as reason:
            self._give_up(f"{reason} Everything was stopped.", FELL)

    def _run(self, options: dict[str, Any]) -> None:
        parent = os.getppid()
        check_tls(options["tls_cert"], options["tls_key"])
        lock = claim_folder(settings.DATA_DIR)
        web = listen(options["host"], options["port"])
        installation = Installation(web, options["tls_cert"], options["tls_key"])
        with Supervisor(held=(lock,)) as supervisor:
            self._start(supervisor, installation, wants_demo=options["demo"])
            supervisor.watch(
                lambda: options["ends_with_parent"] and os.getppid() != parent,
                every=RUNNING_SECONDS,
            )

    def _start(
        self, supervisor: Supervisor, installation: Installation, *, wants_demo: bool
    ) -> None:
        self._say("Starting jigxmgmt …")
        self._start_broker(supervisor, installation)
        _migrate()
        collect_static()
        for part in (installation.web_part(), installation.worker_part(), installation.beat_part()):
            supervisor.start(part)
        # While those read their code in, which takes them longest.
        demo = self._start_demo(supervisor, installation) if wants_demo else None
        readiness = Readiness(
            installation.web.getsockname()[:2],
            name=urlsplit(installation.public_url).netloc,
            uses_tls=installation.certificate is not None,
        )
        supervisor.watch(readiness.is_ready, every=STARTING_SECONDS)
        self._say(f"\nReady: {installation.public_url}/   (Ctrl-C stops everything)")
        if demo:
            self._say(describe_calls(demo, installation.public_url))
            self._say(describe_device(demo, installation.public_url))

    def _start_broker(self, supervisor: Supervisor, installation: Installation) -> None:
        if settings.USES_EMBEDDED_BROKER:
            server = find_server()
            make_private(settings.BROKER_SOCKET.parent)
            supervisor.start(installation.broker_part(server))
            supervisor.watch(lambda: answers(settings.BROKER_SOCKET), every=STARTING_SECONDS)
        elif doubt := doubt_about_broker():
            self.stderr.write(doubt)

    def _start_demo(self, supervisor: Supervisor, installation: Installation) -> Demo:
        # The published functions name this port, so it should stay what it was.
        listener = listen_where_before(settings.DATA_DIR / "demo-port")
        supervisor.start(installation.demo_service_part(listener))
        port = listener.getsockname()[1]
        seeding = installation.demo_seeding_part(f"http://127.0.0.1:{port}")
        demo = Demo.from_json(supervisor.run_to_end(seeding))
        # At once: should a later step fail, the passwords in here would be lost.
        self._say(describe_people(demo))
        return demo

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _give_up(self, reason: str, status: int) -> None:
        self.stderr.write(reason)
        raise SystemExit(status)


def _path(text: str) -> Path:
    return Path(text).absolute()  # the parts run in a folder of their own


def _leave(*_: object) -> None:
    raise KeyboardInterrupt


def _migrate() -> None:
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except OperationalError as error:
        reason = str(error).splitlines()[0]
        raise Unfit(f"The database can't be used: {reason}.") from error
    missing = missing_keys()
    connections.close_all()
    if missing:
        raise Unfit(" ".join(advice_on(key_id) for key_id in missing))
