"""Blobs: an entry under a computed ID says which rows hold the bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import islice

from registry_glance.cache.answers import Answers
from registry_glance.cache.fetch import Fetch
from registry_glance.errors import BlobInUse, BlobUnknown
from registry_glance.glance.client import Absent, Row
from registry_glance.oci.digest import Digest
from registry_glance.store.contract import Content
from registry_glance.store.glance import rows
from registry_glance.store.glance.content import Empty, Growing, Near, Passing
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.naming import HELD
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import MOST_ABSENT, Slots, discard, remove

#: Seconds after which it is asked again for bytes that are not there.
SECOND_LOOK = 0.5


class Blobs:
    """The blobs of one project."""

    def __init__(self, project: Project, slots: Slots, answers: Answers, local: Local) -> None:
        self._project = project
        self._ids = project.ids
        self._slots = slots
        self._answers = answers
        self._cache = local.cache
        self._reads = local.gets
        self._temporary = local.folder

    def find(self, digest: Digest) -> rows.Blob:
        """The blob's entry, if all its bytes are in Glance. Raises BlobUnknown."""
        return self._answers.get(_name(digest), lambda: self._look_up(digest))

    def has_bytes(self, digest: Digest) -> bool:
        """Whether there is such a blob, with all its bytes."""
        with suppress(BlobUnknown):
            return bool(self.find(digest))
        return False

    def open(self, digest: Digest) -> Content:
        """The blob's bytes: from near if they are there, else fetched. Raises BlobUnknown."""
        return self._opened(self.find(digest))

    def open_part(self, row_id: str, digest: Digest, size: int, start: int) -> Content:
        """The same of a blob that is a part of what a row holds."""
        return self._opened(rows.Blob("", digest, size, (row_id,), start))

    def absent(self, digests: Iterable[Digest]) -> list[Digest]:
        """Those that are not in Glance now, the first few; one question for most manifests."""
        wanted = list(dict.fromkeys(digests))
        first = self._slots.find_first("blob", [(str(digest),) for digest in wanted])
        absent = (
            digest
            for digest in wanted
            if not self._is_live(first.get((str(digest),), {}), digest) and not self._live(digest)
        )
        return list(islice(absent, MOST_ABSENT))

    def has_all(self, name: str, digests: Iterable[Digest]) -> bool:
        """Whether none of them is absent; if so, that is remembered under a name for these."""
        with suppress(BlobUnknown):
            return self._answers.get(f"all of {name}", lambda: self._check_all(digests))
        return False

    def add(self, digest: Digest, size: int, upload: str, attempts: Sequence[int]) -> bool:
        """Make an upload's pieces the blob `digest`; False if it has others, which then stay."""
        row = self._slots.create(
            "blob",
            (str(digest),),
            lambda row_id: rows.new_blob(row_id, digest, size, upload, attempts, self._ids),
            lambda row: self._is_live(row, digest),
        )
        self._answers.forget(_name(digest))
        blob = rows.blob(row, digest, self._ids)
        ours = tuple(self._ids.piece(upload, *piece) for piece in enumerate(attempts))
        return blob is not None and blob.rows == ours

    def has_rows(self, digest: Digest, row_ids: tuple[str, ...]) -> bool:
        """Whether just these rows are the blob `digest`."""
        return any(blob.rows == row_ids for blob in self._live(digest))

    def delete(self, digest: Digest, in_use: Callable[[], bool]) -> None:
        """Remove the entry, then the bytes. Raises BlobUnknown, or BlobInUse if `in_use()`."""
        live = self._live(digest)
        if not live:
            raise BlobUnknown(detail={"digest": str(digest)})
        if in_use():
            raise BlobInUse(detail={"digest": str(digest)})
        try:
            for blob in live:
                remove(self._project, blob.entry)
        finally:
            self._answers.forget(_name(digest))
        for row_id in (row_id for blob in live for row_id in blob.rows):
            discard(self._project, row_id)

    def read(self, blob: rows.Blob, start: int, stop: int) -> Iterator[bytes]:
        """Bytes of a blob from Glance, row by row; raises BlobUnknown before the first one."""
        wanted = list(_overlaps(self._parts(blob), blob.start + start, blob.start + stop))
        with ExitStack() as stack:
            stack.enter_context(self._reads.one())
            try:
                chunks = self._project.read(*wanted[0])
            except Absent:
                raise self._lost(blob) from None
            permit = stack.pop_all()
        return self._rest(chunks, wanted[1:], permit)

    def data(self, row_id: str) -> Generator[bytes, None, None]:
        """All that a row holds, whatever it is. Raises Absent before the first byte."""
        # Without a permit: whoever reads all of a row does so for long, and has a turn of his own.
        yield from self._project.read(row_id)

    def _check_all(self, digests: Iterable[Digest]) -> bool:
        if absent := self.absent(digests):
            raise BlobUnknown(detail={"digest": str(absent[0])})
        return True

    def _opened(self, blob: rows.Blob) -> Content:
        file = self._cache.open(blob.digest)
        if file is not None:
            return Near(file, blob.size)
        if blob.size == 0:
            return Empty()
        if blob.size > self._cache.limit:
            return Passing(
                blob.digest, blob.size, lambda wanted: self.read(blob, *wanted), self._temporary
            )
        fetch = Fetch(self._cache, blob.digest, blob.size, lambda: self.read(blob, 0, blob.size))
        return Growing(fetch, blob.size)

    def _rest(
        self, chunks: Iterator[bytes], wanted: list[tuple[str, int, int]], permit: ExitStack
    ) -> Iterator[bytes]:
        with permit:
            yield from chunks
            for part in wanted:
                yield from self._project.read(*part)

    def _parts(self, blob: rows.Blob) -> list[tuple[str, int]]:
        """The blob's rows and their sizes in bytes. Raises BlobUnknown if one is not there."""
        if len(blob.rows) == 1:
            return [(blob.rows[0], blob.start + blob.size)]
        try:
            held = self._held(blob)
        except Absent:
            raise self._lost(blob) from None
        parts = [(row["id"], int(row["size"] or 0)) for row in held if rows.is_active(row)]
        if sum(size for _, size in parts) != blob.size:
            raise BlobUnknown(detail={"digest": str(blob.digest)})
        return parts

    def _lost(self, blob: rows.Blob) -> BlobUnknown:
        """Somebody deleted the bytes in Glance: without its entry, a push brings them back."""
        if blob.entry:
            discard(self._project, blob.entry)
            self._answers.forget(_name(blob.digest))
        return BlobUnknown(detail={"digest": str(blob.digest)})

    def _look_up(self, digest: Digest) -> rows.Blob:
        for blob in self._live(digest):
            if self._is_whole(blob):
                return blob
        raise BlobUnknown(detail={"digest": str(digest)})

    def _is_whole(self, blob: rows.Blob) -> bool:
        """Whether nobody has deleted or deactivated the rows with the bytes in Glance."""
        for pause in (SECOND_LOOK, 0):
            try:
                return all(map(rows.is_active, self._held(blob)))
            except Absent:
                # One of several databases below Glance may be late with a row that is new.
                time.sleep(pause)
        self._lost(blob)
        return False

    def _held(self, blob: rows.Blob) -> list[Row]:
        """The rows with the bytes, in order, deactivated ones too. Raises Absent."""
        found = {row["id"]: row for row in self._project.find(blob.rows)}
        # Its owner may have shown a layer in Glance's lists, to boot it.
        held = [found.get(row_id) or self._project.get(row_id) for row_id in blob.rows]
        if any(row["status"] not in HELD for row in held):
            raise Absent()
        return held

    def _live(self, digest: Digest) -> list[rows.Blob]:
        entries = self._slots.find("blob", str(digest))
        found = (rows.blob(row, digest, self._ids) for row in entries)
        return [blob for blob in found if blob]

    def _is_live(self, row: Row, digest: Digest) -> bool:
        return rows.blob(row, digest, self._ids) is not None


def _overlaps(
    parts: Iterable[tuple[str, int]], start: int, stop: int
) -> Iterator[tuple[str, int, int]]:
    """(row, from, to) for what lies between `start` and `stop` of the parts put together."""
    offset = 0
    for row_id, size in parts:
        first, last = max(start - offset, 0), min(stop - offset, size)
        if first < last:
            yield row_id, first, last
        offset += size


def _name(digest: Digest) -> str:
    return f"blob {digest}"
