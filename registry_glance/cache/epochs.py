"""Counters shared by all worker processes, by which a write makes the others forget."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
import zlib
from pathlib import Path

from registry_glance.errors import StorageFull

#: Names share counters by hash; a shared one only makes somebody forget too much.
COUNTERS = 4096
COUNTER = struct.Struct("=Q")


class Epochs:
    """One counter a name, in a memory-mapped file; reading one costs no system call."""

    def __init__(self, path: Path) -> None:
        """Map `path`, which is made if it is not there. Raises StorageFull.

        All its blocks are taken now: a counter without one would, on a full disk, be a SIGBUS.
        """
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(self._file, 0, COUNTERS * COUNTER.size)
        except OSError as error:
            raise StorageFull(f"cannot write {path}: {error.strerror}") from error
        self._map = mmap.mmap(self._file, COUNTERS * COUNTER.size)

    def current(self, name: str) -> int:
        """The epoch that `name` is in."""
        return int(COUNTER.unpack_from(self._map, _offset(name))[0])

    def advance(self, name: str) -> None:
        """Begin a new epoch: what was learnt of `name` before holds no longer."""
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                COUNTER.pack_into(self._map, _offset(name), self.current(name) + 1)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)


def _offset(name: str) -> int:
    return zlib.crc32(name.encode()) % COUNTERS * COUNTER.size
