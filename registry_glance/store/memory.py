"""The seam kept in memory: what the contract means, and a store for tests and for looking around.

Nothing outlives the process, and nothing is shared between processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from uuid import uuid4

from registry_glance.errors import (
    BlobInUse,
    BlobUnknown,
    DigestInvalid,
    ManifestUnknown,
    NameUnknown,
    SizeInvalid,
    UploadOutOfOrder,
    UploadUnknown,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Body, Content, Store, StoredManifest

FRAME = 1 << 16


class MemoryContent(Content):
    """A blob's bytes; they stay readable when the blob is deleted meanwhile."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, wanted: Range) -> Iterator[bytes]:
        return iter((self._data[wanted.start : wanted.stop],))


class MemoryStore(Store):
    """Dictionaries behind one lock, which is never held while a client is waited for."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._blobs: dict[Digest, bytes] = {}
        self._uploads: dict[tuple[Repository, str], bytearray] = {}
        self._committed: dict[tuple[Repository, str], Digest] = {}
        self._manifests: dict[tuple[Repository, Digest], Manifest] = {}
        self._tags: dict[tuple[Repository, Tag], Digest] = {}

    def blob_size(self, repository: Repository, digest: Digest) -> int:
        return self.open_blob(repository, digest).size

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        with self._lock:
            if digest not in self._blobs:
                raise BlobUnknown(detail={"digest": str(digest)})
            return MemoryContent(self._blobs[digest])

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        with self._lock:
            self.open_blob(repository, digest)
            if any(digest in _blobs(manifest) for manifest in self._manifests.values()):
                raise BlobInUse(detail={"digest": str(digest)})
            del self._blobs[digest]

    def absent_blobs(self, digests: Iterable[Digest]) -> list[Digest]:
        with self._lock:
            return [digest for digest in digests if digest not in self._blobs]

    def create_upload(self, repository: Repository, algorithm: str = "sha256") -> str:
        upload = str(uuid4())
        with self._lock:
            self._uploads[repository, upload] = bytearray()
        return upload

    def upload_offset(self, repository: Repository, upload: str) -> int:
        with self._lock:
            return len(self._received(repository, upload))

    def append(
        self, repository: Repository, upload: str, body: Body, chunk: Range | None = None
    ) -> int:
        offset = self.upload_offset(repository, upload)
        if chunk is not None and chunk.start != offset:
            raise UploadOutOfOrder(offset)
        data = _everything(body)
        if chunk is not None and chunk.length != len(data):
            raise SizeInvalid(detail={"expected": chunk.length, "received": len(data)})
        with self._lock:
            received = self._received(repository, upload)
            if len(received) != offset:  # somebody else was faster
                raise UploadOutOfOrder(len(received))
            received += data
            return len(received)

    def commit(
        self,
        repository: Repository,
        upload: str,
        digest: Digest,
        body: Body | None = None,
        chunk: Range | None = None,
    ) -> None:
        if self._is_committed(repository, upload, digest):
            return
        if body is not None:
            self.append(repository, upload, body, chunk)
        with self._lock:
            if not self._is_committed(repository, upload, digest):
                self._finish(repository, upload, digest)

    def cancel_upload(self, repository: Repository, upload: str) -> None:
        with self._lock:
            self._received(repository, upload)
            del self._uploads[repository, upload]

    def mount(self, repository: Repository, digest: Digest, source: Repository | None) -> bool:
        return not self.absent_blobs([digest])

    def manifest(self, repository: Repository, reference: Tag | Digest) -> StoredManifest:
        with self._lock:
            found = self._find(repository, reference)
        return StoredManifest(found.media_type, found.digest, found.body)

    def put_manifest(
        self, repository: Repository, manifest: Manifest, tags: Sequence[Tag] = ()
    ) -> None:
        with self._lock:
            self._manifests[repository, manifest.digest] = manifest
            self._tags.update({(repository, tag): manifest.digest for tag in tags})

    def adopt(self, repository: Repository, manifest: Manifest) -> None:
        """Everything is the one project's own."""

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        with self._lock:
            self._find(repository, digest)
            del self._manifests[repository, digest]
            self._tags = {
                key: target
                for key, target in self._tags.items()
                if (key[0], target) != (repository, digest)
            }

    def absent_manifests(self, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
        with self._lock:
            return [digest for digest in digests if (repository, digest) not in self._manifests]

    def referrers(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        with self._lock:
            found = [
                manifest.descriptor()
                for (owner, _), manifest in self._manifests.items()
                if owner == repository and manifest.subject and manifest.subject.digest == subject
            ]
        return sorted(found, key=lambda descriptor: str(descriptor.digest))

    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        with self._lock:
            self._find(repository, tag)
            del self._tags[repository, tag]

    def tags(self, repository: Repository) -> list[str]:
        with self._lock:
            names = sorted(tag.name for owner, tag in self._tags if owner == repository)
        if not names:
            raise NameUnknown(detail={"name": repository.name})
        return names

    def repositories(self) -> list[str]:
        with self._lock:
            return sorted({repository.name for repository, _ in self._tags})

    def ping(self) -> None:
        """Memory always answers."""

    def _received(self, repository: Repository, upload: str) -> bytearray:
        if (repository, upload) not in self._uploads:
            raise UploadUnknown(detail={"upload": upload})
        return self._uploads[repository, upload]

    def _is_committed(self, repository: Repository, upload: str, digest: Digest) -> bool:
        with self._lock:
            return self._committed.get((repository, upload)) == digest and digest in self._blobs

    def _finish(self, repository: Repository, upload: str, digest: Digest) -> None:
        data = bytes(self._received(repository, upload))
        del self._uploads[repository, upload]
        if Digest.of(data, digest.algorithm) != digest:
            raise DigestInvalid(detail={"digest": str(digest)})
        self._blobs[digest] = data
        self._committed[repository, upload] = digest

    def _find(self, repository: Repository, reference: Tag | Digest) -> Manifest:
        digest = (
            reference if isinstance(reference, Digest) else self._tags.get((repository, reference))
        )
        if digest is None or (repository, digest) not in self._manifests:
            raise ManifestUnknown(detail={"reference": str(reference)})
        return self._manifests[repository, digest]


def _blobs(manifest: Manifest) -> set[Digest]:
    """All that a manifest refers to and that may be a blob."""
    parts = (*manifest.layers, *((manifest.config,) if manifest.config else ()))
    return {part.digest for part in parts}


def _everything(body: Body) -> bytes:
    return b"".join(iter(lambda: body.read(FRAME), b""))
