"""What was learnt a moment ago, in this process: bounded, and forgotten in time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

#: Entries kept at most; beyond that the oldest go.
LIMIT = 10_000


class Recent:
    """A cache with the three calls that keystonemiddleware makes, for any number of threads."""

    def __init__(self, limit: int = LIMIT, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._changing = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The value, if it is still kept."""
        with self._changing:
            end, value = self._entries.get(key, (0.0, b""))
            if self._clock() < end:
                return value
            self._entries.pop(key, None)
        return None

    def set(self, key: str, value: bytes, time: float) -> None:
        """Keep a value for `time` seconds at most."""
        with self._changing:
            self._entries.pop(key, None)
            self._entries[key] = (self._clock() + time, value)
            if len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def delete(self, key: str) -> None:
        """Forget a value, if there is one."""
        with self._changing:
            self._entries.pop(key, None)
