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

# One record of the driver's: who speaks, the words, the server's number, the function of ODBC.
_RECORD = re.compile(r"(?:\[[^\]]*\]\s*)*(.*?) \((\d+)\) \(SQL\w+\)", re.DOTALL)
# What the server's numbers mean for whoever signs in; the first of them here says most.
_CODES = {
    40615: "not_allow_listed",
    40613: "database_unavailable",
    4060: "database_unknown",
    18456: "sign_in_refused",
}


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
    records = [(record[1], int(record[2])) for record in _RECORD.finditer(words)]
    numbers = {number for _, number in records}
    code = next((code for number, code in _CODES.items() if number in numbers), None)
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
    # The library's own faults are no records, and have the words first.
    message, number = records[0] if records else (max(state, words, key=len), None)
    return SqlError(message, details=_details(number=number, message=message))


def _details(**known: Any) -> dict[str, Any]:
    """Return what handlers read; null is what this way does not tell."""
    return dict.fromkeys(ERROR_NAMES) | known
