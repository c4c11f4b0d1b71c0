"""One large blob out."""

from __future__ import annotations

from collections.abc import Callable

from bench.at_once import at_once
from bench.payload import Payload
from bench.scale import MIB, Scale
from bench.sides.side import Side
from bench.stopwatch import seconds
from bench.works.work import Goal, Measure, Work

PULLS = 8
FRAME = 1 << 20


class Pulls(Work):
    """GET of one blob: before the side has it near, then again, then many at once."""

    name = "pull"

    def __init__(self, scale: Scale) -> None:
        self._payload = Payload(scale.large)
        size, goal = f"{scale.large // MIB} MiB", Goal(1.0, "v3")
        self.measures = [
            Measure(f"pull {size}, cold", "MB/s", True),
            Measure(f"pull {size}, warm", "MB/s", True, goal),
            Measure(f"{PULLS} pulls of {size} at once, warm", "MB/s", True, goal),
        ]

    def prepare(self, side: Side) -> None:
        """Push it, and look once whether the very bytes come back."""
        side.push(self._payload, FRAME)
        side.cool()
        with side.connect() as connection:
            connection.receive(side.path(self._payload), self._payload.size, self._payload.digest)

    def run(self, side: Side) -> list[float]:
        side.cool()
        cold = self._speed(1, lambda _: self._pull(side))
        warm = self._speed(1, lambda _: self._pull(side))
        return [cold, warm, self._speed(PULLS, lambda _: self._pull(side))]

    def finish(self, side: Side) -> None:
        side.forget(self._payload)

    def _pull(self, side: Side) -> None:
        with side.connect() as connection:
            connection.receive(side.path(self._payload), self._payload.size)

    def _speed(self, count: int, pull: Callable[[int], None]) -> float:
        return count * self._payload.size / 1e6 / seconds(lambda: at_once(count, pull))
