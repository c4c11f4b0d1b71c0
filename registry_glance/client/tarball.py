"""A tar archive that is made of an image's parts, and goes on where an earlier one broke off.

Which bytes it has is known before the first one is there, but for the blobs' own. So what an
earlier try has left is right as far as it is the same, and as the blobs have their digests.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from registry_glance.client.errors import Untrue
from registry_glance.client.progress import Progress
from registry_glance.oci.manifest import Descriptor

READ_SIZE = 1 << 20


class Member(NamedTuple):
    """A file in the archive: these very bytes, or a blob's."""

    name: str
    content: bytes | Descriptor

    @property
    def size(self) -> int:
        return self.content.size if isinstance(self.content, Descriptor) else len(self.content)


class Output(Protocol):
    """A file that may hold the beginning already; or a pipe, which holds nothing and only takes."""

    def read(self, size: int, /) -> bytes: ...

    def write(self, data: bytes, /) -> int: ...

    def seek(self, offset: int, /) -> int: ...

    def truncate(self) -> int: ...


#: A blob's bytes from an offset on.
Read = Callable[[Descriptor, int], Iterator[bytes]]


class Tarball:
    """Writes one archive."""

    def __init__(self, output: Output, read: Read, progress: Progress) -> None:
        """`output` stands at its beginning."""
        self._output = output
        self._read = read
        self._progress = progress
        self._position = 0

    def write(self, members: Iterable[Member]) -> None:
        """All of it. Raises Untrue for blobs without their digest, and what `read` raises."""
        for member in members:
            self._fixed(_header(member))
            if isinstance(member.content, bytes):
                self._fixed(member.content)
            else:
                self._blob(member.content)
            self._fixed(bytes(-member.size % tarfile.BLOCKSIZE))
        self._fixed(bytes(2 * tarfile.BLOCKSIZE))
        if self._output.read(1):
            self._back_to(self._position)

    def _fixed(self, data: bytes) -> None:
        """Bytes that are known: pass over them if they are there, else write them."""
        there = self._output.read(len(data)) if data else b""
        if there != data:
            if there:
                self._back_to(self._position)
            self._output.write(data)
        self._position += len(data)

    def _blob(self, blob: Descriptor) -> None:
        self._progress.begin(blob.digest, blob.size)
        outcome = "failed"
        try:
            outcome = self._filled(blob)
        finally:
            self._progress.end(blob.digest, outcome)

    def _filled(self, blob: Descriptor) -> str:
        """What is there of a blob, and the rest; all of it anew if together they are wrong."""
        running = hashlib.new(blob.digest.algorithm)
        there = 0
        while data := self._output.read(min(READ_SIZE, blob.size - there)):
            running.update(data)
            there += len(data)
        self._progress.reach(blob.digest, there)
        for data in self._fetched(blob, there):
            running.update(data)
        if running.hexdigest() != blob.digest.hex and there:
            self._back_to(self._position)
            running = hashlib.new(blob.digest.algorithm)
            for data in self._fetched(blob, 0):
                running.update(data)
        if running.hexdigest() != blob.digest.hex:
            raise Untrue(f"the registry has other bytes for {blob.digest}")
        self._position += blob.size
        return "there" if there == blob.size else "read"

    def _fetched(self, blob: Descriptor, start: int) -> Iterator[bytes]:
        """A blob's bytes from `start`, written as they go by."""
        for data in self._read(blob, start) if start < blob.size else ():
            self._output.write(data)
            start += len(data)
            self._progress.reach(blob.digest, start)
            yield data

    def _back_to(self, position: int) -> None:
        self._output.seek(position)
        self._output.truncate()


def _header(member: Member) -> bytes:
    """The same for the same member; GNU's form, since blobs can have more than 8 GiB."""
    entry = tarfile.TarInfo(member.name)
    entry.size, entry.mode = member.size, 0o644
    return entry.tobuf(tarfile.GNU_FORMAT)
