"""The body of an upload that sends nothing until it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

#: Seconds after which it goes on by itself.
LONGEST = 10.0


class Held:
    """One byte, of known length, that is held back."""

    def __init__(self) -> None:
        #: Set as soon as the request's head was sent.
        self.begun = threading.Event()
        self._released = threading.Event()

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        self.begun.set()
        self._released.wait(LONGEST)
        yield b"."

    def release(self) -> None:
        """Let the byte go."""
        self._released.set()
