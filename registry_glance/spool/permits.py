"""A limit on what all worker processes of a registry do at once."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Seconds between two looks for a permit that another process may have given back.
PATIENCE = 0.01


class Permits:
    """`count` permits, each the lock of a file: the kernel takes back those of a killed worker."""

    def __init__(self, folder: Path, count: int) -> None:
        """`folder` holds the lock files; it is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._paths = [folder / str(number) for number in range(count)]
        self._local = threading.Semaphore(count)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a permit; wait for it as long as it takes."""
        with self._local:
            permit = self._take()
            try:
                yield
            finally:
                os.close(permit)

    def _take(self) -> int:
        while True:
            for path in self._paths:
                permit = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(permit, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return permit
                except BlockingIOError:
                    os.close(permit)
            time.sleep(PATIENCE)
