"""What the driver raises, as the kinds of failure that a call can end in.

It tells the SQLSTATE and the words, with the server's number behind them, and neither severity nor
line. So whatever the server lets a statement catch is caught there, and what comes this way is the
rest: a time that ran out, a way that broke, a sign-in that failed, an error of severity 20 or more.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from functions.engine.batches import ERROR_NAMES
from functions.engine.failures import (
    BadResponse,
    EngineFailure,
    SqlError,
    UpstreamTimeout,
    UpstreamUnreachable,
)

Result = TypeVar("Result")

# SQLSTATEs (ODBC, appendix A).
_TIMED_OUT = ("HYT00", "HYT01")
_BROKEN = ("08001", "08003", "08004", "08007", "08S01", "01002")
_NOT_SIGNED_IN = "28000"

# What drivers raise of values that are none: half a cell, a thirteenth month, letters of no code.
_UNREADABLE = (ValueError, ArithmeticError)

_PREFIXES = re.compile(r"^(?:\[[^\]]*\])*\s*(?:\[[^\]]*\])*")
_NUMBER = re.compile(r"\((\d+)\) \(SQL\w+\)\s*$")
# The server's words for what has a word of ours; its numbers do not come through every driver.
_CODES = (
    ("not_allow_listed", re.compile(r"is not allowed to access the server|\b40615\b")),
    ("database_unavailable", re.compile(r"is not currently available|\b40613\b")),
    ("database_unknown", re.compile(r"Cannot open (?:user default )?database|\b4060\b")),
    ("sign_in_refused", re.compile(r"Login failed|login failed|\b18456\b")),
)


def told(work: Callable[[], Result], error_type: type[Exception]) -> Result:
    """Do the work, and turn what the driver raises into a failure of the call."""
    failure: EngineFailure
    try:
        return work()
    except error_type as error:
        state, words = (*error.args, "", "")[:2]
        failure = _failure_of(str(state), str(words))
    except _UNREADABLE:
        failure = BadResponse("The database's answer can't be read.")
    # Outside the except clause: the driver's error leads to its frames, and they hold the password
    # and the values.
    raise failure


def _failure_of(state: str, words: str) -> EngineFailure:
    if state in _TIMED_OUT:
        return UpstreamTimeout("The database did not answer in time.")
    number = _NUMBER.search(words)
    message = _NUMBER.sub("", _PREFIXES.sub("", words)).strip()
    code = next((code for code, pattern in _CODES if pattern.search(words)), None)
    if code == "database_unavailable":
        return SqlError("The database is not available at the moment.", details=_details(code=code))
    if code is not None or state == _NOT_SIGNED_IN:
        code = code or "sign_in_refused"
        return SqlError("The database refused the sign-in.", details=_details(code=code))
    if state in _BROKEN:
        if "SSL Provider" in words:
            message = "The database's certificate can't be verified."
            return UpstreamUnreachable(message, details={"code": "tls_refused"})
        return UpstreamUnreachable("The database can't be reached, or the way there broke off.")
    return SqlError(
        message or "The database refused.",
        details=_details(number=int(number[1]) if number else None, message=message),
    )


def _details(**known: Any) -> dict[str, Any]:
    """Return what handlers read; null is what this way does not tell."""
    return dict.fromkeys(ERROR_NAMES) | known
