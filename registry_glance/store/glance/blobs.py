"""Blobs: an entry under a computed ID says which rows hold the bytes."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from registry_glance.cache.answers import Answers
from registry_glance.cache.blobs import BlobCache
from registry_glance.cache.fetch import Fetch, corrupt
from registry_glance.errors import BlobInUse, BlobUnknown
from registry_glance.glance.client import Absent, Glance, Row
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.ranges import Range
from registry_glance.spool.permits import Permits
from registry_glance.store.contract import Content, FileSlice
from registry_glance.store.glance import rows
from registry_glance.store.glance.slots import Slots, discard
from registry_glance.store.glance.verified import Small, write_verified

log = logging.getLogger(__name__)

#: Bytes fetched at once of a blob that is too large to be kept near.
WINDOW = 16 << 20
FRAME = 1 << 18


class Blobs:
    """The blobs of one project."""

    def __init__(
        self,
        glance: Glance,
        slots: Slots,
        answers: Answers,
        cache: BlobCache,
        reads: Permits,
        temporary: Path,
    ) -> None:
        self._glance = glance
        self._slots = slots
        self._answers = answers
        self._cache = cache
        self._reads = reads
        self._temporary = temporary

    def find(self, digest: Digest) -> rows.Blob:
        """The blob's entry. Raises BlobUnknown."""
        return self._answers.get(_name(digest), lambda: self._look_up(digest))

    def open(self, digest: Digest) -> Content:
        """The blob's bytes: from near if they are there, else fetched. Raises BlobUnknown."""
        blob = self.find(digest)
        file = self._cache.open(digest)
        if file is not None:
            return _Near(file, blob.size)
        if blob.size == 0:
            return _Empty()
        if blob.size > self._cache.limit:
            return _Passing(self, blob)
        return _Growing(self._fetch(blob), blob.size)

    def absent(self, digests: Iterable[Digest]) -> list[Digest]:
        """Those that are not in Glance now; one question for most manifests."""
        wanted = list(dict.fromkeys(digests))
        first = self._slots.find_first("blob", [(str(digest),) for digest in wanted])
        return [
            digest
            for digest in wanted
            if not self._is_live(first.get((str(digest),)), digest) and not self._exists(digest)
        ]

    def add(self, digest: Digest, size: int, parts: Sequence[rows.Part]) -> bool:
        """Make rows the blob `digest`; False if there was one already, which then stays."""

        def fill(row_id: str) -> None:
            write_verified(self._glance, row_id, Small(rows.parts_to_data(parts)))

        row = self._slots.create(
            "blob",
            (str(digest),),
            lambda row_id: rows.new_blob(row_id, digest, size, parts),
            lambda row: self._is_live(row, digest),
            fill if len(parts) > 1 else None,
        )
        self._answers.forget(_name(digest))
        return size == 0 or len(parts) > 1 or row.get("oci_row") == parts[0][0]

    def delete(self, digest: Digest, in_use: Callable[[], bool]) -> None:
        """Remove the entry, then the bytes. Raises BlobUnknown, or BlobInUse if `in_use()`."""
        found = (rows.blob(row, digest) for row in self._slots.find("blob", str(digest)))
        entries = [blob for blob in found if blob]
        if not entries:
            raise BlobUnknown(detail={"digest": str(digest)})
        if in_use():
            raise BlobInUse(detail={"digest": str(digest)})
        for blob in entries:
            parts = self._parts(blob)
            self._remove_entry(blob)
            for row_id, _ in parts:
                discard(self._glance, row_id)

    def read(self, blob: rows.Blob, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes of a blob from Glance, row by row; raises BlobUnknown before the first one."""
        stop = blob.size if stop is None else stop
        wanted = list(_overlaps(self._parts(blob), start, stop))
        with ExitStack() as stack:
            stack.enter_context(self._reads.one())
            try:
                chunks = self._glance.read(*wanted[0])
            except Absent:
                self._remove_entry(blob)
                raise BlobUnknown(detail={"digest": str(blob.digest)}) from None
            held = stack.pop_all()
        return self._rest(chunks, wanted[1:], held)

    def _rest(
        self, chunks: Iterator[bytes], wanted: list[tuple[str, int, int]], held: ExitStack
    ) -> Iterator[bytes]:
        with held:
            yield from chunks
            for part in wanted:
                yield from self._glance.read(*part)

    def _fetch(self, blob: rows.Blob) -> Fetch:
        return Fetch(self._cache, blob.digest, blob.size, lambda: self.read(blob))

    def _remove_entry(self, blob: rows.Blob) -> None:
        """Also for an entry whose bytes somebody deleted in Glance: then a push mends it."""
        discard(self._glance, blob.entry)
        self._answers.forget(_name(blob.digest))

    def _look_up(self, digest: Digest) -> rows.Blob:
        for row in self._slots.find("blob", str(digest)):
            blob = rows.blob(row, digest)
            if blob is not None:
                return blob
        raise BlobUnknown(detail={"digest": str(digest)})

    def _exists(self, digest: Digest) -> bool:
        try:
            self._look_up(digest)
        except BlobUnknown:
            return False
        return True

    def _parts(self, blob: rows.Blob) -> tuple[rows.Part, ...]:
        if blob.parts or blob.size == 0:
            return blob.parts
        return rows.parts_from_data(b"".join(self._glance.read(blob.entry)))

    @staticmethod
    def _is_live(row: Row | None, digest: Digest) -> bool:
        return row is not None and rows.blob(row, digest) is not None

    def temporary(self) -> BinaryIO:
        """A nameless file for a window of a large blob."""
        return tempfile.TemporaryFile(dir=self._temporary)


class _Near(Content):
    """A whole, verified file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def read(self, wanted: Range) -> FileSlice:
        self._file.seek(wanted.start)
        return FileSlice(self._file, wanted.length)


class _Empty(Content):
    """The blob without bytes."""

    size = 0

    def read(self, wanted: Range) -> Iterator[bytes]:
        return iter(())


class _Growing(Content):
    """A blob that is being fetched."""

    def __init__(self, fetch: Fetch, size: int) -> None:
        self._fetch = fetch
        self.size = size

    def read(self, wanted: Range) -> Iterator[bytes]:
        return self._fetch.read(wanted)


class _Passing(Content):
    """A blob larger than the cache: window by window, so that no client holds Glance up.

    The last bytes of the whole blob wait for its digest; a range of it cannot be checked.
    """

    def __init__(self, blobs: Blobs, blob: rows.Blob) -> None:
        self._blobs = blobs
        self._blob = blob
        self.size = blob.size

    def read(self, wanted: Range) -> Iterator[bytes]:
        running = RunningHash(self._blob.digest.algorithm)
        whole = wanted == (0, self.size)
        for start in range(wanted.start, wanted.stop, WINDOW):
            stop = min(start + WINDOW, wanted.stop)
            with self._blobs.temporary() as window:
                for data in self._blobs.read(self._blob, start, stop):
                    running.update(data)
                    window.write(data)
                if whole and stop == self.size and running.digest() != self._blob.digest:
                    raise corrupt(self._blob.digest, self.size)
                window.seek(0, os.SEEK_SET)
                while data := window.read(FRAME):
                    yield data


def _overlaps(parts: Iterable[rows.Part], start: int, stop: int) -> Iterator[tuple[str, int, int]]:
    """(row, from, to) for what lies between `start` and `stop` of the parts put together."""
    offset = 0
    for row_id, size in parts:
        first, last = max(start - offset, 0), min(stop - offset, size)
        if first < last:
            yield row_id, first, last
        offset += size


def _name(digest: Digest) -> str:
    return f"blob {digest}"
