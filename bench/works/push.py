"""One large blob in."""

from __future__ import annotations

import os

from bench.payload import Payload
from bench.scale import MIB, Scale
from bench.sides.side import Side
from bench.works.work import Goal, Measure, Work

#: Bytes: what a tool with large buffers sends, and what docker does.
FRAMES = {"1 MiB": 1 << 20, "32 KiB": 32 << 10}


class Pushes(Work):
    """POST, PATCH, PUT of one blob, in frames of several sizes."""

    name = "push"

    def __init__(self, scale: Scale) -> None:
        self._size = scale.large
        goal = Goal(0.9, "raw Glance")
        self.measures = [
            Measure(f"push {scale.large // MIB} MiB, frames of {frame}", "MB/s", True, goal)
            for frame in FRAMES
        ]

    def run(self, side: Side) -> list[float]:
        return [self._push(side, frame) for frame in FRAMES.values()]

    def _push(self, side: Side, frame: int) -> float:
        payload = Payload(self._size)
        os.sync()  # What others wrote is not to be waited for.
        taken = side.push(payload, frame)
        side.forget(payload)
        return self._size / 1e6 / taken
