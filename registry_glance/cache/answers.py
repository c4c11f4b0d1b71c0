"""What Glance said a moment ago, with a bound on how long it is believed."""

from __future__ import annotations

import copy
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from registry_glance.cache.epochs import Epochs
from registry_glance.errors import Unavailable

T = TypeVar("T")

#: Answers kept by one process; the least recently learnt goes first.
CAPACITY = 20_000
#: What was costly to learn is believed for so many times as long as it took.
WORTH = 10
#: Seconds that a thread waits for another one that learns.
PATIENCE = 10
#: Locks that names share by hash.
LOCKS = 64


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
        self._answers: OrderedDict[tuple[str, str], _Answer] = OrderedDict()
        self._lock = threading.Lock()
        self._costly = [threading.Lock() for _ in range(LOCKS)]
        self._scope = ""
        self._viewer = ""

    def of(self, scope: str) -> Answers:
        """The same memory, with names that mean something in `scope` only."""
        scoped = copy.copy(self)
        scoped._scope = f"{self._scope}{scope} "
        return scoped

    def as_seen_by(self, viewer: str) -> Answers:
        """The same memory and names, with answers of this viewer's: all forget them together."""
        seen = copy.copy(self)
        seen._viewer = viewer
        return seen

    def get(self, name: str, learn: Callable[[], T]) -> T:
        """The value of `name`; `learn` is called for it, and its errors are not remembered."""
        return self._get(self._scope + name, learn, worth=0)

    def get_costly(self, name: str, learn: Callable[[], T]) -> T:
        """`get` for what takes long to learn: by one thread at a time, and not all the time.

        It is believed for ten times as long as learning it took, if that is more. Raises
        Unavailable after some seconds of waiting for another thread.
        """
        name = self._scope + name
        lock = self._costly[hash(name) % len(self._costly)]
        if not lock.acquire(timeout=PATIENCE):
            raise Unavailable("others have been asking the same for too long")
        try:
            return self._get(name, learn, worth=WORTH)
        finally:
            lock.release()

    def forget(self, name: str) -> None:
        """Make every worker ask again. To be called after the write, before it is answered."""
        self._epochs.advance(self._scope + name)

    def _get(self, name: str, learn: Callable[[], T], worth: float) -> T:
        known = self._answers.get((self._viewer, name))
        epoch, begun = self._epochs.current(name), time.monotonic()
        if known and known.epoch == epoch and known.expires > begun:
            value: T = known.value
            return value
        # The epoch is from before asking: a write in between makes this answer void.
        value = learn()
        learnt = time.monotonic()
        expires = learnt + max(self._staleness, worth * (learnt - begun))
        self._remember(name, _Answer(value, epoch, expires))
        return value

    def _remember(self, name: str, answer: _Answer) -> None:
        with self._lock:
            self._answers[self._viewer, name] = answer
            self._answers.move_to_end((self._viewer, name))
            while len(self._answers) > CAPACITY:
                self._answers.popitem(last=False)
