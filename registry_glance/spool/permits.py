"""A limit on what all worker processes of a registry do at once."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry_glance.errors import Unavailable

#: Seconds between two looks for a permit that another process may have given back.
PATIENCE = 0.01


class Busy(Unavailable):
    """All permits are in use."""


class Permits:
    """`count` permits, each the lock of a file: the kernel takes back those of a killed worker."""

    def __init__(self, folder: Path, count: int) -> None:
        """`folder` holds the lock files; it is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = [folder / str(number) for number in range(count)]
        self._local = threading.Semaphore(count)

    @contextmanager
    def one(self, patience: float | None = None) -> Iterator[None]:
        """Hold a permit; wait for it as long as it takes, or raise Busy after so many seconds."""
        until = float("inf") if patience is None else time.monotonic() + patience
        if not self._local.acquire(timeout=patience):
            raise Busy()
        try:
            permit = self._take(until)
            try:
                yield
            finally:
                os.close(permit)
        finally:
            self._local.release()

    def _take(self, until: float) -> int:
        while True:
            for path in self._paths:
                permit = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(permit, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return permit
                except BlockingIOError:
                    os.close(permit)
            if time.monotonic() >= until:
                raise Busy()
            time.sleep(PATIENCE)
