"""One large blob in."""

from __future__ import annotations

import os

from bench.payload import Payload
from bench.scale import MIB, Scale
from bench.sides.side import Side
from bench.works.work import Goal, Measure, Work

#: Bytes: what a tool with large buffers sends, and what docker does.
LONG, SHORT = 1 << 20, 32 << 10


class Pushes(Work):
    """POST, PATCH, PUT of one blob: an enormous one in two ways, and one like most layers."""

    name = "push"

    def __init__(self, scale: Scale) -> None:
        self._pushes = [(scale.large, LONG), (scale.large, SHORT), (scale.medium, SHORT)]
        self.measures = [
            Measure(
                f"push {size // MIB} MiB, frames of {frame >> 10} KiB",
                "MB/s",
                more_is_better=True,
                goal=Goal(0.9, "raw Glance"),
            )
            for size, frame in self._pushes
        ]

    def run(self, side: Side) -> list[float]:
        return [self._push(side, size, frame) for size, frame in self._pushes]

    def _push(self, side: Side, size: int, frame: int) -> float:
        payload = Payload(size)
        os.sync()  # What others wrote is not to be waited for.
        taken = side.push(payload, frame)
        side.forget(payload)
        return size / 1e6 / taken
