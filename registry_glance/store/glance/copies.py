"""Blobs that become another project's own, too."""

from __future__ import annotations

from collections.abc import Iterator

from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Content, FileSlice, Store

#: Bytes of a file read at once.
FRAME = 1 << 18


class Copy:
    """A blob's content as a body."""

    def __init__(self, content: Content) -> None:
        part = content.read(Range(0, content.size))
        self._pieces = _read(part) if isinstance(part, FileSlice) else part
        self._rest = b""

    def read(self, size: int) -> bytes:
        """See Body.read."""
        piece = self._rest or next(self._pieces, b"")
        self._rest = piece[size:]
        return piece[:size]


def copy(digest: Digest, content: Content, store: Store, repository: Repository) -> None:
    """Make the content a blob of a store. Raises BlobUnknown or Corrupt if it cannot be read."""
    upload = store.create_upload(repository, digest.algorithm)
    store.commit(repository, upload, digest, Copy(content))


def _read(part: FileSlice) -> Iterator[bytes]:
    with part.file:
        while data := part.file.read(FRAME):
            yield data
