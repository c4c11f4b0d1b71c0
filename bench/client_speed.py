"""How fast the client is when nobody holds it up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from bench.at_once import at_once
from bench.connection import Connection
from bench.payload import Payload
from bench.stopwatch import seconds
from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process

#: Frames of the pushes that are measured, and how many pulls at once.
FRAME, PULLS = 32 << 10, 8
TRIES = 3


def client_speed(size: int, folder: Path) -> dict[str, float]:
    """MB/s of the client against a server that does nothing."""
    address = f"{LOOPBACK}:{pick_free()}"
    argv = [sys.executable, "-m", "bench.dummy", address.rpartition(":")[2]]
    dummy = Process("the dummy", argv, folder / "dummy.log")
    payload = Payload(size)
    length = sum(len(data) for data in payload.chunked(FRAME))
    dummy.start()
    try:
        dummy.wait_answering(f"http://{address}/")
        return {
            "push": _best(size, lambda: _push(address, payload, length)),
            "pull": _best(size, lambda: _pull(address, size)),
            f"{PULLS} pulls": _best(
                PULLS * size, lambda: at_once(PULLS, lambda _: _pull(address, size))
            ),
        }
    finally:
        dummy.stop()


def _best(size: int, work: Callable[[], object]) -> float:
    """What it is able to, not what it mostly does: others may be at work."""
    return max(size / 1e6 / seconds(work) for _ in range(TRIES))


def _push(address: str, payload: Payload, length: int) -> None:
    with Connection(address) as connection:
        connection.send("PATCH", "/", payload.chunked(FRAME), {"X-Bytes": str(length)}, 200)


def _pull(address: str, size: int) -> None:
    with Connection(address) as connection:
        connection.receive(f"/{size}", size)
