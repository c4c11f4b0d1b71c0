"""Large blobs that cost their sender next to nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import cache, cached_property

#: Bytes handed to the kernel at once.
BLOCK = 4 << 20


class Payload:
    """`size` bytes unlike any other payload's: one block of noise again and again.

    Neither the network nor a file system compresses it, and only the first block differs.
    """

    def __init__(self, size: int) -> None:
        """`size` is a multiple of BLOCK."""
        self.size = size
        self._first = os.urandom(16) + _noise()[16:]

    @cached_property
    def digest(self) -> str:
        """`sha256:...`; ask before the clock runs."""
        running = hashlib.sha256()
        for block in self.plain():
            running.update(block)
        return f"sha256:{running.hexdigest()}"

    def plain(self) -> Iterator[bytes]:
        """The bytes."""
        yield self._first
        for _ in range(self.size // BLOCK - 1):
            yield _noise()

    def chunked(self, frame: int) -> Iterator[bytes]:
        """The bytes as they travel with Transfer-Encoding: chunked, in frames of `frame`."""
        yield _framed(self._first, frame)
        for _ in range(self.size // BLOCK - 1):
            yield _framed_noise(frame)
        yield b"0\r\n\r\n"


@cache
def _noise() -> bytes:
    return os.urandom(BLOCK)


@cache
def _framed_noise(frame: int) -> bytes:
    return _framed(_noise(), frame)


def _framed(block: bytes, frame: int) -> bytes:
    parts = (block[start : start + frame] for start in range(0, len(block), frame))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
