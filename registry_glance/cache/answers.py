"""What Glance said a moment ago, with a bound on how long it is believed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from registry_glance.cache.epochs import Epochs

T = TypeVar("T")

#: Answers kept by one process; the least recently learnt goes first.
CAPACITY = 20_000


class _Answer(NamedTuple):
    value: Any
    epoch: int
    expires: float


class Answers:
    """Values by name, believed for `staleness` seconds or until this registry changes them.

    What other workers of this registry change is forgotten at once (through the epochs); what is
    changed elsewhere, after `staleness` seconds.
    """

    def __init__(self, epochs: Epochs, staleness: float) -> None:
        self._epochs = epochs
        self._staleness = staleness
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: str, learn: Callable[[], T]) -> T:
        """The value of `name`; `learn` is called for it, and its errors are not remembered."""
        known = self._answers.get(name)
        epoch = self._epochs.current(name)
        if known and known.epoch == epoch and known.expires > time.monotonic():
            value: T = known.value
            return value
        # The epoch is from before asking: a write in between makes this answer void.
        value = learn()
        self._remember(name, _Answer(value, epoch, time.monotonic() + self._staleness))
        return value

    def forget(self, name: str) -> None:
        """Make every worker ask again. To be called after the write, before it is answered."""
        self._epochs.advance(name)

    def _remember(self, name: str, answer: _Answer) -> None:
        with self._lock:
            self._answers[name] = answer
            self._answers.move_to_end(name)
            while len(self._answers) > CAPACITY:
                self._answers.popitem(last=False)
