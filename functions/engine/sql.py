"""SQL Server functions: known, checked and published, but not run without a driver."""

from functions.engine.failures import SqlError
from functions.engine.types import Call, ErrorAnswer, Outcome, Surroundings


async def run(call: Call, *, surroundings: Surroundings) -> Outcome:
    """Answer that there is no driver."""
    failure = SqlError("This installation has no driver for SQL Server.")
    answer: ErrorAnswer = {
        "name": failure.name,
        "title": failure.title,
        "description": failure.description,
        "details": {"code": "driver_missing"},
        "notification": None,
        "alert": None,
        "retry": None,
        "status": None,
    }
    return Outcome("error", error=answer)
