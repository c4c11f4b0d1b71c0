"""One read of Glance for any number of readers: they follow the file as it grows.

Whoever holds the lock of the partial file fetches; the others, in any process, read along. The
last bytes of an answer wait until the whole has been hashed. If the fetching process dies, the
kernel frees the lock and one of the readers takes over.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from registry_glance.cache.blobs import VERIFIED, BlobCache
from registry_glance.errors import Corrupt, RegistryError, Unavailable
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.ranges import Range

log = logging.getLogger(__name__)

#: A function that opens the blob in Glance; it raises before the first byte.
Source = Callable[[], Iterator[bytes]]

#: Seconds between two looks at a growing file.
INTERVAL = 0.01
#: Bytes read from the file at once.
READ_SIZE = 1 << 18
#: Fetches that a reader takes part in before it gives up.
ATTEMPTS = 3


class Fetch:
    """One reader's part in fetching one blob. Not for use by two threads."""

    def __init__(self, cache: BlobCache, digest: Digest, size: int, source: Source) -> None:
        """Join the fetch that is under way or begin one. Raises what opening `source` raises."""
        self._cache = cache
        self._digest = digest
        self._size = size
        self._source = source
        self._path = cache.partial_path(digest)
        self._worker: _Worker | None = None
        #: Of the bytes handed out: their checksum, where they end, and whether of two fetches.
        self._unverified = 0
        self._unverified_stop = 0
        self._mixed = False
        self._file = self._join()

    def read(self, wanted: Range) -> Iterator[bytes]:
        """The bytes of `wanted`; raises Corrupt or Unavailable instead of finishing."""
        position, attempts = wanted.start, ATTEMPTS
        try:
            while position < wanted.stop:
                ready = self._ready(wanted.stop)
                if ready is None:
                    attempts -= 1
                    self._retry(attempts)
                elif ready <= position:
                    time.sleep(INTERVAL)
                else:
                    self._compare(wanted.start)
                    length = min(ready, wanted.stop) - position
                    data = os.pread(self._file.fileno(), min(length, READ_SIZE), position)
                    position += len(data)
                    self._unverified = zlib.crc32(data, self._unverified)
                    self._unverified_stop = position
                    yield data
        finally:
            self.close()

    def close(self) -> None:
        """Leave; a fetch that others follow goes on."""
        self._file.close()

    def _ready(self, stop: int) -> int | None:
        """How far one may read on the way to `stop`; None if the fetch has failed."""
        if self._finished():
            return self._size
        if self._worker is None and self._abandoned():
            return self._size if self._finished() else None
        if self._worker is not None and self._worker.error is not None:
            return None
        return min(os.fstat(self._file.fileno()).st_size, stop - 1)

    def _finished(self) -> bool:
        """Whether the file that is being read has been found whole and right."""
        if self._worker is not None:
            return self._worker.done.is_set() and self._worker.error is None
        return os.fstat(self._file.fileno()).st_mode & VERIFIED == VERIFIED

    def _abandoned(self) -> bool:
        """Whether nobody writes to the file any more. One that was left unfinished goes away."""
        if not _current(self._file, self._path):
            return True
        if not _lock(self._file):
            return False
        if not self._finished():
            self._remove(self._file)
        return True

    def _retry(self, attempts: int) -> None:
        error = self._worker.error if self._worker else None
        if isinstance(error, Corrupt) or attempts <= 0:
            raise error or Unavailable(f"fetching {self._digest} failed")
        self.close()
        self._file = self._join()
        self._mixed = True

    def _compare(self, start: int) -> None:
        """Raise Corrupt if what a failed fetch brought was not what the whole file has."""
        if not self._mixed or not self._finished():
            return
        self._mixed = False
        found = 0
        for position in range(start, self._unverified_stop, READ_SIZE):
            length = min(READ_SIZE, self._unverified_stop - position)
            found = zlib.crc32(os.pread(self._file.fileno(), length, position), found)
        if found != self._unverified:
            raise corrupt(self._digest, self._unverified_stop)

    def _join(self) -> BinaryIO:
        """Open the blob's file: whole, or growing under another's hands or under ours."""
        self._worker = None
        while True:
            whole = self._cache.open(self._digest)
            if whole is not None:
                return whole
            file = self._open_partial()
            if self._follows(file):
                return file
            # Its lock is ours. What another one left is not gone on with: nobody has hashed it.
            if _current(file, self._path) and os.fstat(file.fileno()).st_size == 0:
                return self._begin(file)
            self._remove(file)
            file.close()

    def _open_partial(self) -> BinaryIO:
        try:
            return open(self._path, "a+b", opener=_private)
        except OSError as error:
            raise Unavailable(f"cannot keep a blob near: {error.strerror}") from error

    @staticmethod
    def _follows(file: BinaryIO) -> bool:
        """True with another's first byte, so that what cannot be opened fails before an answer.

        False once the lock is ours.
        """
        while not _lock(file):
            if os.fstat(file.fileno()).st_size:
                return True
            time.sleep(INTERVAL)
        return False

    def _remove(self, file: BinaryIO) -> None:
        """Take the name away from a file that we hold the lock of."""
        if _current(file, self._path):
            self._path.unlink(missing_ok=True)

    def _begin(self, file: BinaryIO) -> BinaryIO:
        """Fetch in a thread of its own, at Glance's speed, whatever our client's is."""
        try:
            chunks = self._source()
        except BaseException:
            self._remove(file)
            file.close()
            raise
        self._worker = _Worker(self._cache, self._digest, self._size, chunks, file, self._path)
        reader = open(self._path, "rb")  # noqa: SIM115
        self._worker.start()
        return reader


class _Worker(threading.Thread):
    """Writes the blob's file and gives it its place in the cache. Owns the lock."""

    def __init__(
        self,
        cache: BlobCache,
        digest: Digest,
        size: int,
        chunks: Iterator[bytes],
        file: BinaryIO,
        path: Path,
    ) -> None:
        super().__init__(name=f"fetch-{digest.hex[:12]}", daemon=True)
        self._cache = cache
        self._digest = digest
        self._size = size
        self._chunks = chunks
        self._file = file
        self._path = path
        self.done = threading.Event()
        self.error: RegistryError | None = None

    def run(self) -> None:
        """Fetch, verify, keep; a failure is told to the readers."""
        try:
            self._fetch()
        except RegistryError as error:
            self.error = error
        except OSError as error:
            self.error = Unavailable(f"cannot write {self._path.name}: {error.strerror}")
        finally:
            if self.error:
                log.error("fetching %s failed: %s", self._digest, self.error)
            getattr(self._chunks, "close", lambda: None)()
            self._path.unlink(missing_ok=True)
            self.done.set()
            self._file.close()

    def _fetch(self) -> None:
        running = RunningHash(self._digest.algorithm)
        received = 0
        for data in self._chunks:
            running.update(data)
            received += len(data)
            if received > self._size:
                break
            self._file.write(data)
            self._file.flush()
        if received != self._size or running.digest() != self._digest:
            raise corrupt(self._digest, received)
        self._cache.adopt(self._file, self._digest)


#: Times that Glance's bytes did not have their digest, in this process.
corruptions = 0


def corrupt(digest: Digest, received: int) -> Corrupt:
    """Count and log bytes from Glance that are not `digest`."""
    global corruptions
    corruptions += 1
    log.error("corrupt: %d bytes from Glance are not %s", received, digest)
    return Corrupt(detail={"digest": str(digest)})


def _private(path: str, flags: int) -> int:
    """Whoever may read a file's bytes takes them for verified."""
    return os.open(path, flags, 0o600)


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _current(file: BinaryIO, path: Path) -> bool:
    """Whether `path` still is this file, and not a later one."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
