"""Many small blobs."""

from __future__ import annotations

import os

from bench.at_once import at_once
from bench.scale import Scale
from bench.sides.side import Side
from bench.stopwatch import seconds
from bench.works.work import Measure, Work

#: Bytes of one blob, and how many docker pushes at once.
SIZE, AT_ONCE = 2048, 5


class SmallBlobs(Work):
    """HEAD, POST, PATCH, PUT for each blob."""

    name = "small"

    def __init__(self, scale: Scale) -> None:
        self._count = scale.small_blobs
        self.measures = [
            Measure(f"{self._count} blobs of 2 KiB, one at a time", "ms each"),
            Measure(f"{self._count} blobs of 2 KiB, {AT_ONCE} at a time", "ms each"),
        ]

    def run(self, side: Side) -> list[float]:
        return [self._push(side, 1), self._push(side, AT_ONCE)]

    def _push(self, side: Side, clients: int) -> float:
        def client(_: int) -> None:
            with side.connect() as connection:
                for _ in range(self._count // clients):
                    side.push_small(connection, os.urandom(SIZE))

        return seconds(lambda: at_once(clients, client)) / self._count * 1000
