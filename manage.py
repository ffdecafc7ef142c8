#!/usr/bin/env python
"""The commands' door."""

import os
import sys
from typing import NoReturn


def main() -> None:
    """Run one command; what keeps every command from running is one sentence and status 2."""
    if sys.version_info < (3, 11):  # noqa: UP036 (so that an older one says so)
        found = ".".join(map(str, sys.version_info[:2]))
        refuse(f"jigxmgmt needs Python 3.11 to 3.13; this is {found}.")
    os.umask(0o077)  # what a command makes is its owner's alone, the database above all
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jigxmgmt.settings")

    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from jigxmgmt.keys import KeyUnavailable

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, KeyUnavailable) as refusal:
        refuse(str(refusal))


def refuse(sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(2)


if __name__ == "__main__":
    main()
