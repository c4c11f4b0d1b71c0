"""The ways in which a blob's bytes are read: from near, while they come, or passing through."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from registry_glance.cache.fetch import Fetch, corrupt
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.ranges import Range
from registry_glance.spool.room import room
from registry_glance.store.contract import Content, FileSlice

#: Bytes fetched at once of a blob that is too large to be kept near.
WINDOW = 16 << 20
FRAME = 1 << 18


class Near(Content):
    """A whole, verified file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def read(self, wanted: Range) -> FileSlice:
        """For sendfile."""
        self._file.seek(wanted.start)
        return FileSlice(self._file, wanted.length)


class Held(Content):
    """Bytes in memory."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.size = len(body)

    def read(self, wanted: Range) -> Iterator[bytes]:
        """At once."""
        return iter((self._body[wanted.start : wanted.stop],))


class Empty(Content):
    """The blob without bytes."""

    size = 0

    def read(self, wanted: Range) -> Iterator[bytes]:
        """Nothing."""
        return iter(())


class Growing(Content):
    """A blob that is being fetched."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self._fetch = fetch
        self.size = size

    def read(self, wanted: Range) -> Iterator[bytes]:
        """As the bytes come; raises Corrupt or Unavailable instead of finishing."""
        return self._fetch.read(wanted)


class Passing(Content):
    """A blob larger than the cache: window by window, so that no client holds Glance up.

    The last bytes of the whole blob wait for its digest; a range of it cannot be checked.
    """

    def __init__(
        self,
        digest: Digest,
        size: int,
        source: Callable[[Range], Iterator[bytes]],
        folder: Path,
    ) -> None:
        """`source` reads a range of the blob from Glance; windows lie in `folder`."""
        self._digest = digest
        self.size = size
        self._source = source
        self._folder = folder

    def read(self, wanted: Range) -> Iterator[bytes]:
        """Through nameless files of 16 MiB; raises Corrupt instead of finishing the whole.

        Raises StorageFull.
        """
        running = RunningHash(self._digest.algorithm)
        for start in range(wanted.start, wanted.stop, WINDOW):
            window = Range(start, min(start + WINDOW, wanted.stop))
            with room(), tempfile.TemporaryFile(dir=self._folder) as file:
                for data in self._source(window):
                    running.update(data)
                    file.write(data)
                if wanted.length == self.size == window.stop and running.digest() != self._digest:
                    raise corrupt(self._digest, self.size)
                file.seek(0)
                while data := file.read(FRAME):
                    yield data
