"""One `up` per state folder, and who it is."""

import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

from .errors import CannotStart


class Lock:
    """A file that is locked as long as its process lives, and holds that process's ID."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def acquire(self) -> None:
        """Take the lock for this process; raises CannotStart when another one has it."""
        file = self._path.open("a+")
        while not _try_lock(file, fcntl.LOCK_EX):
            if (pid := self.holder()) is not None:
                file.close()
                raise CannotStart(f"already runs in {self._path.parent} (pid {pid})")
            # Else somebody only looked, in holder(), and looks no more.
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back if this process has it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """Return the ID of the process that holds the lock, None when none does."""
        if not self._path.exists():
            return None
        with self._path.open() as file:
            if _try_lock(file, fcntl.LOCK_SH):
                return None
            return _pid(file)

    def wait_released(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds; say whether no process holds the lock."""
        deadline = time.monotonic() + timeout
        while self.holder() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


def _try_lock(file: TextIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid(file: TextIO) -> int:
    """Read the holder's ID, which it writes right after it has taken the lock."""
    while not (text := file.read()).endswith("\n"):
        time.sleep(0.01)
        file.seek(0)
    return int(text)
