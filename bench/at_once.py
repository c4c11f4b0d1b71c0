"""Several clients at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def at_once(count: int, work: Callable[[int], object]) -> None:
    """Do `work(0)` to `work(count - 1)` at the same time; raises what one of them raises."""
    with ThreadPoolExecutor(count) as threads:
        for done in [threads.submit(work, number) for number in range(count)]:
            done.result()
