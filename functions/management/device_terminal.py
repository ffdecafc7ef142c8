"""The person at a terminal, as far as the device asks and shows."""

import getpass
import json
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from functions.device.refusals import Unusable

YES = ("y", "yes")


class Terminal:
    """Asks on standard error, so that standard output holds results alone."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._screen = Console(stderr=True, highlight=False)

    def ask(self, question: str) -> str:
        """Return a line of standard input; raises Unusable where there is none."""
        if sys.stdin.isatty():
            self._screen.print(Text(f"{question}: "), end="")
        line = sys.stdin.readline()
        if not line:
            raise Unusable(f"{question}: there is nobody to ask.")
        return line.strip()

    def choose(self, question: str, options: Sequence[str]) -> int:
        for number, option in enumerate(options, start=1):
            self.tell(f"{number}. {option}")
        text = self.ask(question)
        if not text.isdecimal() or not 1 <= int(text) <= len(options):
            raise Unusable(f"Choose a number from 1 to {len(options)}.")
        return int(text) - 1

    def agrees(self, question: str) -> bool:
        self.tell(question)
        return self.ask("y or n").lower() in YES

    def visit(self, url: str) -> None:
        """Open a page in the system's browser, and say which: it may be another computer's."""
        self.show("Go on in the browser. If none opens, visit:")
        self.show(url)
        webbrowser.open(url)

    def read_password(self, path: Path | None) -> str:
        """Read it from a file, from the terminal unseen, or from standard input."""
        if path:
            try:
                text = path.read_text()
            except (OSError, UnicodeDecodeError):
                raise Unusable(f"{path} can't be read.") from None
        elif sys.stdin.isatty():
            text = getpass.getpass()
        else:
            text = sys.stdin.readline()
        password = text.rstrip("\r\n")
        if not password:
            raise Unusable("Give a password: type it, or use --password-file or standard input.")
        return password

    def tell(self, sentence: str) -> None:
        """Say something to the person that is no result."""
        self._screen.print(Text(printable(sentence)), soft_wrap=True)

    def show(self, text: str) -> None:
        """Print a line of the result."""
        self._output.write(printable(text) + "\n")
        self._output.flush()

    def show_json(self, value: Any) -> None:
        self.show(json.dumps(value, indent=2, ensure_ascii=False))

    def show_grid(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        grid = Grid(*(escape(printable(name)) for name in columns))
        for row in rows:
            grid.add_row(*(Text(printable(_cell(value))) for value in row))
        Console(file=self._output, highlight=False).print(grid)

    @contextmanager
    def progress(self, sentence: str) -> Iterator[Callable[[int], None]]:
        """Show how many requests were sent, where there is a screen to show it on."""
        if not self._screen.is_terminal:
            yield lambda _count: None
            return
        with self._screen.status(Text(sentence)) as status:
            yield lambda count: status.update(Text(f"{sentence} Request {count}"))


def printable(text: str) -> str:
    """Put a question mark for what steers a terminal: the text may be a service's."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in text)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
