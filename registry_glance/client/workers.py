"""Work done by a few threads, none of which keeps a program from ending."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Stopped(Exception):
    """Another one has failed, or the user has had enough."""


def each(
    work: Callable[[T, Callable[[], None]], R], items: Iterable[T], threads: int
) -> Iterator[R]:
    """The results as they come; the first error ends all, and is raised.

    `work` gets an item, and what it is to call now and then: that raises Stopped.
    """
    todo: queue.SimpleQueue[T] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[R | None, BaseException | None]] = queue.SimpleQueue()
    stop = threading.Event()
    count = 0
    for item in items:
        todo.put(item)
        count += 1

    def check() -> None:
        if stop.is_set():
            raise Stopped

    def run() -> None:
        while not stop.is_set():
            try:
                item = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((work(item, check), None))
            except BaseException as error:
                done.put((None, error))

    for _ in range(min(threads, count)):
        threading.Thread(target=run, daemon=True).start()
    try:
        for _ in range(count):
            result, error = done.get()
            if error is not None:
                raise error
            yield result  # type: ignore[misc]
    finally:
        stop.set()
