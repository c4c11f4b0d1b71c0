"""Blobs that become another project's own, too: a few at a time, for it takes a request long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from registry_glance.cache.hints import Hints
from registry_glance.errors import BlobUnknown, Corrupt
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.spool.permits import Permits
from registry_glance.store.contract import Content, FileSlice, Store

#: Bytes of a file read at once.
FRAME = 1 << 18
#: Requests that copy at once, over all workers.
MOST = 2
#: Seconds that a manifest waits for its turn to be copied for.
PATIENCE = 5
#: Bytes of a blob that a mount copies at most: Glance takes these in some 8 s, and clients that
#: are told nothing for 30 s give up.
LARGEST_MOUNT = 512 << 20


class Copies:
    """Copies blobs of other projects, and remembers whose could not be had."""

    def __init__(self, permits: Permits, hints: Hints) -> None:
        self._permits = permits
        self._hints = hints

    def turn(self, patience: float) -> AbstractContextManager[None]:
        """What to hold while copying. Raises Busy after `patience` seconds."""
        return self._permits.one(patience)

    def take(
        self,
        digest: Digest,
        owner: str,
        opened: Callable[[], Content],
        store: Store,
        repository: Repository,
    ) -> bool:
        """Copy a blob into a store; False if its owner does not have it after all."""
        try:
            copy(digest, opened(), store, repository)
        except (BlobUnknown, Corrupt):
            # Or clients would be told for ever that they need not push it.
            self._hints.add(f"broken {owner}", str(digest))
            return False
        return True

    def trusts(self, owner: str, digest: Digest) -> bool:
        """Whether the owner may have a blob, as far as is known."""
        return str(digest) not in self._hints.of(f"broken {owner}")


class Pieces:
    """Bytes that come piece by piece, as a body."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """See Body.read."""
        piece = self._rest or next(self._pieces, b"")
        self._rest = piece[size:]
        return piece[:size]


def copy(digest: Digest, content: Content, store: Store, repository: Repository) -> None:
    """Make the content a blob of a store. Raises BlobUnknown or Corrupt if it cannot be read."""
    upload = store.create_upload(repository, digest.algorithm)
    part = content.read(Range(0, content.size))
    pieces = _read(part) if isinstance(part, FileSlice) else part
    store.commit(repository, upload, digest, Pieces(pieces))


def _read(part: FileSlice) -> Iterator[bytes]:
    with part.file:
        while data := part.file.read(FRAME):
            yield data
