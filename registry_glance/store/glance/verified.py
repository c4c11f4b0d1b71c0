"""Writing a row's data, and making sure that Glance has what was sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from registry_glance.errors import Corrupt
from registry_glance.glance.client import Glance
from registry_glance.store.glance import rows


class Data(Protocol):
    """Bytes that can be sent again from their start, and know their hashes."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...

    def hash(self, algorithm: str) -> str:
        """The hash in hexadecimal digits."""
        ...


class Small:
    """Data that fits into memory: a manifest, a list."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[bytes]:
        return iter((self._data,))

    def hash(self, algorithm: str) -> str:
        return hashlib.new(algorithm, self._data).hexdigest()


def write_verified(glance: Glance, row_id: str, data: Data) -> None:
    """Write a row's data, then compare size and hash with what Glance says it took.

    Raises what Glance.write raises, and Corrupt.
    """
    glance.write(row_id, data)
    row = glance.get(row_id)
    algorithm = row.get("os_hash_algo")
    if not rows.is_active(row) or row.get("size") != len(data):
        raise Corrupt(f"row {row_id} has {row.get('size')} of {len(data)} bytes")
    if algorithm and row.get("os_hash_value") != data.hash(algorithm):
        raise Corrupt(f"row {row_id} has another {algorithm} than what was sent")
