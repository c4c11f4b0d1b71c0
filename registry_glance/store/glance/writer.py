"""Data into rows: few at a time, and compared with what Glance says it took."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from registry_glance.errors import Corrupt
from registry_glance.glance.client import Sized
from registry_glance.spool.permits import Permits
from registry_glance.store.glance import rows
from registry_glance.store.glance.project import Project


class Data(Sized, Protocol):
    """Bytes that can be sent again from their start, and know their hashes."""

    def hash(self, algorithm: str) -> str:
        """The hash in hexadecimal digits."""
        ...


class Small:
    """Data that fits into memory: a manifest."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._data,))

    def hash(self, algorithm: str) -> str:
        """The hash in hexadecimal digits."""
        return hashlib.new(algorithm, self._data).hexdigest()


class Writer:
    """Writes the data of queued rows; all workers together hold as many PUTs as `permits` says."""

    def __init__(self, project: Project, permits: Permits) -> None:
        self._project = project
        self._permits = permits

    def write(self, row_id: str, data: Data, check: Callable[[], None] = lambda: None) -> float:
        """Write a row's data, compare size and hash; the seconds that Glance took.

        `check` may raise, after the wait for a permit. Raises what Glance.write raises, and
        Corrupt.
        """
        with self._permits.one():
            check()
            started = time.monotonic()
            self._project.write(row_id, data)
            seconds = time.monotonic() - started
        row = self._project.get(row_id)
        algorithm = row.get("os_hash_algo")
        if not rows.is_active(row) or row.get("size") != len(data):
            raise Corrupt(f"row {row_id} has {row.get('size')} of {len(data)} bytes")
        if algorithm and row.get("os_hash_value") != data.hash(algorithm):
            raise Corrupt(f"row {row_id} has another {algorithm} than what was sent")
        return seconds
