"""What a container has written, as a server's console output."""

from __future__ import annotations

import logging

from .containers import Containers
from .engine.client import Engine
from .engine.errors import Failed

log = logging.getLogger(__name__)

#: bytes, as Nova's libvirt driver gives at most; and the lines that are asked for to have them
LARGEST = 100 << 10
LINES = 5000


class Console:
    """The output of the containers of one Engine."""

    def __init__(self, engine: Engine, containers: Containers, timeout: float) -> None:
        """`timeout`: seconds without a byte."""
        self._engine = engine
        self._containers = containers
        self._timeout = timeout

    def output(self, instance: str) -> bytes:
        """The last 100 KiB of stdout and stderr; nothing where the Engine keeps no log.

        Without the last line's end: Nova counts what is between two. Raises an EngineError.
        """
        container = self._containers.find(instance)
        last = b""
        try:
            with self._engine.stream(
                "GET",
                f"/containers/{container.id}/logs",
                timeout=self._timeout,
                stdout=True,
                stderr=True,
                timestamps=False,
                tail=LINES,
            ) as written:
                for piece in written.frames():
                    last = (last + piece)[-LARGEST:]
        except Failed as error:
            log.warning("no console output of %s: %s", instance, error)
        return last.removesuffix(b"\n")
