"""How the tests ask for codes, and read them out of mails."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.core import mail

Committing = Callable[..., AbstractContextManager[Any]]


def newest_code() -> str:
    """Return the code of the mail that came last; nothing when it has none."""
    found = re.search(r"^\d{6}$", str(mail.outbox[-1].body), re.MULTILINE)
    return found[0] if found else ""


def another_than(code: str) -> str:
    """Return a code that is as good a guess, and wrong."""
    return f"{(int(code) + 1) % 1_000_000:06}"
