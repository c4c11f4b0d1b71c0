"""Lifecycle events on their way to Nova, with the news of an end repeated for a while.

Nova passes over what it hears of a server while it works on it. The server of a container that ends
while it is still being built would stay ACTIVE until the next `sync_power_state_interval`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """A transition of an instance, and when (monotonic seconds) it is told, first time first."""

    transition: int
    times: tuple[float, ...]


class Deliveries:
    """The latest transition of each instance, told by a thread of its own."""

    def __init__(self, deliver: Callable[[str, int], None]) -> None:
        self._deliver = deliver
        self._pending: dict[str, Delivery] = {}
        self._changed = threading.Condition()
        self._stopped = False

    def add(self, instance: str, transition: int, after: Sequence[float] = (0,)) -> None:
        """Tell it `after` so many seconds each, in place of anything older about this instance."""
        now = time.monotonic()
        with self._changed:
            self._pending[instance] = Delivery(transition, tuple(now + delay for delay in after))
            self._changed.notify()

    def forget(self, instance: str) -> None:
        """Tell nothing more about an instance."""
        with self._changed:
            self._pending.pop(instance, None)

    def run(self) -> None:
        """Deliver until stopped."""
        while due := self._next():
            self._deliver(*due)

    def stop(self) -> None:
        """End `run`, whatever is left."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _next(self) -> tuple[str, int] | None:
        """Wait for what is due; None when stopped."""
        with self._changed:
            while not self._stopped:
                instance = min(self._pending, key=self._due, default=None)
                wait = None if instance is None else self._due(instance) - time.monotonic()
                if instance is not None and wait is not None and wait <= 0:
                    return instance, self._take(instance)
                self._changed.wait(wait)
        return None

    def _due(self, instance: str) -> float:
        return self._pending[instance].times[0]

    def _take(self, instance: str) -> int:
        delivery = self._pending.pop(instance)
        if delivery.times[1:]:
            self._pending[instance] = Delivery(delivery.transition, delivery.times[1:])
        return delivery.transition
