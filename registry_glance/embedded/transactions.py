"""SQLite transactions that wait for each other instead of failing.

oslo.db begins a transaction with a plain BEGIN. SQLite gives it a snapshot with its first SELECT,
and refuses its first write at once ("database is locked", no timeout helps) when somebody else has
written in between. Eight clients that write to Glance at once got 500 for half of their requests.

Here a transaction begins with its first write and takes the write lock first, which waits; the
SELECTs before it see what is committed at their time, as with READ COMMITTED on PostgreSQL.
"""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "SAVEPOINT")


def install() -> None:
    """Make all SQLAlchemy engines of this process, which must be SQLite's, behave so."""
    event.listen(Engine, "before_cursor_execute", _begin_late, retval=True)


def _begin_late(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    if statement == "BEGIN":
        return "SELECT 1", parameters
    if statement.startswith(_WRITES) and not cursor.connection.in_transaction:
        cursor.execute("BEGIN IMMEDIATE")
    return statement, parameters
