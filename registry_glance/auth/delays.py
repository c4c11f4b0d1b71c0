"""Whoever guesses has to wait: longer with every wrong guess, and not all at once."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from registry_glance.errors import TooManyAttempts

#: Seconds after the first wrong guess, and at most; each further one doubles them.
SHORTEST, LONGEST = 0.25, 8.0
#: Seconds without a wrong guess after which all is forgotten.
QUIET = 300.0
#: Wrong guesses that an address has free, whatever names it tries: many may share one.
PER_ADDRESS = 20
#: Addresses and pairs that are remembered.
LIMIT = 10_000

Key = tuple[str, ...]


class Delays:
    """Wrong guesses by (address, account) and by address, in this process.

    `waiting`: how many threads may wait at once.
    """

    def __init__(
        self,
        waiting: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._places = threading.BoundedSemaphore(waiting)
        self._clock = clock
        self._sleep = sleep
        self._failures: OrderedDict[Key, tuple[int, float]] = OrderedDict()
        self._changing = threading.Lock()

    def wait(self, address: str, account: str) -> None:
        """To be called before a guess; returns at once if there was no wrong one.

        Raises TooManyAttempts if too many wait already.
        """
        seconds = self.due(address, account)
        if not seconds:
            return
        if not self._places.acquire(blocking=False):
            raise TooManyAttempts(retry_after=int(LONGEST))
        try:
            self._sleep(seconds)
        finally:
            self._places.release()

    def due(self, address: str, account: str) -> float:
        """Seconds that the next guess has to wait."""
        network = network_of(address)
        with self._changing:
            pair = self._count((network, account))
            alone = self._count((network,)) - PER_ADDRESS
        wrong = max(pair, alone)
        return min(LONGEST, SHORTEST * 2 ** min(wrong - 1, 16)) if wrong > 0 else 0.0

    def failed(self, address: str, account: str) -> None:
        """A guess was wrong."""
        network = network_of(address)
        with self._changing:
            self._add((network, account))
            self._add((network,))

    def succeeded(self, address: str, account: str) -> None:
        """A guess was right: the wrong ones for this account were its owner's."""
        with self._changing:
            self._failures.pop((network_of(address), account), None)

    def _count(self, key: Key) -> int:
        count, last = self._failures.get(key, (0, 0.0))
        return count if self._clock() < last + QUIET else 0

    def _add(self, key: Key) -> None:
        count = self._count(key) + 1
        self._failures[key] = (count, self._clock())
        self._failures.move_to_end(key)
        if len(self._failures) > LIMIT:
            self._failures.popitem(last=False)


def network_of(address: str) -> str:
    """What one host can choose its addresses from: an IPv6 host has 2**64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))
