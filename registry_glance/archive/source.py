"""Bytes that come in chunks, read forward and once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from registry_glance.errors import ArchiveInvalid
from registry_glance.oci.digest import Digest


class Tally:
    """Counts and hashes what goes by."""

    def __init__(self, algorithm: str = "sha256") -> None:
        self._algorithm = algorithm
        self._hash = hashlib.new(algorithm)
        #: bytes so far
        self.size = 0

    def update(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self.size += len(data)

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """`chunks`, each taken in before it is handed on."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk

    @property
    def digest(self) -> Digest:
        return Digest(self._algorithm, self._hash.hexdigest())


class Source:
    """What can be read of chunks of any size, without copying more than is asked for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = memoryview(b"")
        #: bytes read so far
        self.position = 0

    def some(self, limit: int) -> memoryview:
        """Up to `limit` bytes, as many as there are at hand; none at the end."""
        while not self._chunk:
            chunk = next(self._chunks, None)
            if chunk is None:
                return self._chunk
            self._chunk = memoryview(chunk)
        piece, self._chunk = self._chunk[:limit], self._chunk[limit:]
        self.position += len(piece)
        return piece

    def up_to(self, size: int) -> bytes:
        """`size` bytes, or what is left."""
        piece = self.some(size)
        if len(piece) == size:
            return bytes(piece)
        read = bytearray(piece)
        while len(read) < size and (piece := self.some(size - len(read))):
            read += piece
        return bytes(read)

    def exactly(self, size: int) -> Iterator[memoryview]:
        """The next `size` bytes. Raises ArchiveInvalid if there are fewer."""
        while size:
            piece = self.some(size)
            if not piece:
                raise ArchiveInvalid("the archive is cut short")
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        """Pass over `size` bytes. Raises ArchiveInvalid if there are fewer."""
        for _ in self.exactly(size):
            pass
