"""Memory of processes, as Linux accounts for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: Seconds between two looks at the memory.
INTERVAL = 0.1
PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for child in _children(pid):
        found.extend(family(child))
    return found


def memory(roots: Iterable[int]) -> int:
    """Bytes that these processes and their descendants hold; what they share counts once (PSS)."""
    return sum(_proportional(pid) for root in roots for pid in family(root))


class Peak:
    """The largest amount of memory seen while the context lasts, in bytes."""

    def __init__(self, roots: Iterable[int]) -> None:
        self.bytes = 0
        self._roots = list(roots)
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL):
            self.bytes = max(self.bytes, memory(self._roots))


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        texts = (path.read_text() for path in PROC.glob(f"{pid}/task/*/children"))
        return [int(word) for text in texts for word in text.split()]
    return []


def _proportional(pid: int) -> int:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
