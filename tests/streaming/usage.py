"""What a registry uses while something goes on: memory of all its processes, room on the disk."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from tests.faults.workers import workers
from tests.registry import RegistryProcess

INTERVAL = 0.2


class Usage(threading.Thread):
    """Looks every 0.2 s until it is stopped; the highest values in bytes."""

    def __init__(self, registry: RegistryProcess) -> None:
        super().__init__(daemon=True)
        self.memory = 0
        self.spooled = 0
        self._registry = registry
        self._stopped = threading.Event()

    def __enter__(self) -> Usage:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        """Look, and remember the highest."""
        while not self._stopped.wait(INTERVAL):
            pids = [self._registry.pid, *workers(self._registry)]
            self.memory = max(self.memory, sum(map(proportional, pids)))
            self.spooled = max(self.spooled, sum(map(nameless, pids)))


def proportional(pid: int) -> int:
    """The memory of a process, shared pages divided among those who share them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def nameless(pid: int) -> int:
    """Bytes of the deleted files that a process holds open: its spool."""
    found: dict[int, int] = {}
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if os.readlink(link).endswith("(deleted)") and "/spool/" in os.readlink(link):
                status = link.stat()
                found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())
