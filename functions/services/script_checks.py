"""Whether the scripts of a folder have what its functions call; finding out runs them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from django.utils.translation import gettext as _

from functions.engine import Fault, ScriptCall, ScriptProcesses
from functions.engine.expressions import Exhausted, Thrown

SECONDS = 2.0
# A publisher waits for all of them, in a thread of the web process.
SECONDS_OF_FOLDER = 5.0
MOST_BYTES_OF_NAMES = 1024 * 1024


class ScriptChecks:
    """The scripts of one folder: each is loaded once, when a function first calls it."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self._exports: dict[str, frozenset[str] | None] = {}
        self._processes = ScriptProcesses()
        self._left = SECONDS_OF_FOLDER

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._processes.close()

    def warnings_about(self, calls: Sequence[ScriptCall]) -> Iterator[Fault]:
        """Tell of each call that will give null."""
        for call in calls:
            names = {"file": call.file, "function": call.function}
            if call.file not in self._sources:
                sentence = _("There is no script scripts/expressions/%(file)s.js.")
                yield Fault(call.path, "script_unknown", sentence % names)
                continue
            exports = self._exports_of(call.file)
            if exports is None:
                sentence = _("The script %(file)s.js can't be loaded.")
                yield Fault(call.path, "script_broken", sentence % names)
            elif call.function not in exports:
                sentence = _("The script %(file)s.js exports no function %(function)s.")
                yield Fault(call.path, "script_unknown", sentence % names)

    def _exports_of(self, file: str) -> frozenset[str] | None:
        if file not in self._exports:
            began = time.monotonic()
            self._exports[file] = self._loaded(file, min(SECONDS, self._left))
            self._left -= time.monotonic() - began
        return self._exports[file]

    def _loaded(self, file: str, seconds: float) -> frozenset[str] | None:
        own = self._processes.of("")
        with own.open(self._sources, seconds=seconds, most=MOST_BYTES_OF_NAMES) as session:
            try:
                return session.exports(file)
            except (Exhausted, Thrown):
                return None
