"""Statements in one spelling, whichever database they are for, so that tests can know them."""

import re

# What mssql-django puts before a statement of its own accord.
_BEFORE = re.compile(r"^SET NOCOUNT (?:ON|OFF)(?:; | )")
_TOP = re.compile(r"^SELECT TOP \d+ ")
_NAME = re.compile(r"\[(\w+)\]")
# mssql-django asks for it at each savepoint.
_OF_SAVEPOINT = ("SELECT @@TRANCOUNT", "SAVE TRANSACTION", "ROLLBACK TRANSACTION")


def spelled(sql: str) -> str:
    """Return a statement as SQLite and PostgreSQL are told it; nothing for SQL Server's own."""
    if sql.startswith(_OF_SAVEPOINT):
        return ""
    return _NAME.sub(r'"\1"', _TOP.sub("SELECT ", _BEFORE.sub("", sql)))
