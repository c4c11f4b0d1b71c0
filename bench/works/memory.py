"""Memory."""

from __future__ import annotations

import time

from bench.at_once import at_once
from bench.payload import Payload
from bench.processes import Peak, memory
from bench.scale import MIB, Scale
from bench.sides.side import Side
from bench.works.work import Measure, Work

PUSHES = 4
FRAME = 32 << 10
#: Seconds that a side is left alone before it is at rest.
REST = 2.0


class Memory(Work):
    """All processes of a side (ours without Glance): just started, and while many push."""

    name = "memory"

    def __init__(self, scale: Scale) -> None:
        self._size = scale.large
        pushes = f"{PUSHES} x {scale.large // MIB} MiB"
        self.measures = [
            Measure("memory at rest", "MiB"),
            Measure(f"memory while {pushes} are pushed", "MiB"),
        ]

    def run(self, side: Side) -> list[float]:
        side.stop()
        side.start()
        time.sleep(REST)
        return [memory(side.pids) / MIB, self._peak(side) / MIB]

    def _peak(self, side: Side) -> int:
        payloads = [Payload(self._size) for _ in range(PUSHES)]
        digests = [payload.digest for payload in payloads]
        with Peak(side.pids) as peak:
            at_once(len(digests), lambda number: side.push(payloads[number], FRAME))
        for payload in payloads:
            side.forget(payload)
        return peak.bytes
