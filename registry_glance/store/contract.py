"""The storage seam: what the registry's HTTP interface asks of a store.

It speaks registry words only. A store is the view of one project; blobs belong to the project,
manifests and tags to a repository of it. What others show to the project can be read like its
own, under its repository's name; it is changed, and `absent` says so, only where it is own.
A repository `glance/ID` is the image with that ID in Glance, whatever the tag; in a store that is
not in Glance it is one like any other.
Promises that hold for every method:

- what is absent raises the error named in the docstring before the first byte is handed out;
- a write that has returned is seen by every read that starts later through the same registry;
- a write that raised, or whose process died, has left nothing that can be read, and can be
  repeated with success;
- Unavailable, StorageFull, TooLarge, Denied and Unauthenticated (the caller's credentials have
  expired) may be raised by any method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.oci.ranges import Range


class Body(Protocol):
    """A request's bytes, as they come."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, b"" at the end; raises SizeInvalid if the client broke off."""
        ...


class FileSlice(NamedTuple):
    """Bytes of an open file from its position on, `length` of them, verified: for sendfile."""

    file: BinaryIO
    length: int


class Content(ABC):
    """A blob's bytes, not yet read. `size` in bytes."""

    size: int

    @abstractmethod
    def read(self, wanted: Range) -> FileSlice | Iterator[bytes]:
        """The bytes of `wanted`, which lies within the blob.

        An iterator ends with an exception (Corrupt, Unavailable) before its last byte if the
        whole does not have its digest.
        """


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest's bytes as they were pushed, with the type they were pushed with."""

    media_type: str
    digest: Digest
    body: bytes


class Store(ABC):
    """One project's repositories."""

    # Blobs

    @abstractmethod
    def blob_size(self, repository: Repository, digest: Digest) -> int:
        """Bytes of a blob. Raises BlobUnknown."""

    @abstractmethod
    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        """A blob, to be read. Raises BlobUnknown."""

    @abstractmethod
    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        """Remove a blob. Raises BlobUnknown, or BlobInUse if a manifest refers to it."""

    @abstractmethod
    def absent_blobs(self, digests: Iterable[Digest]) -> list[Digest]:
        """Those of `digests` that are no blobs of the project now; of very many the first."""

    # Uploads

    @abstractmethod
    def create_upload(self, repository: Repository, algorithm: str = "sha256") -> str:
        """Begin an upload; its ID is a UUID that cannot be guessed.

        `algorithm` is the one its digest will probably have; another one is accepted as well.
        """

    @abstractmethod
    def upload_offset(self, repository: Repository, upload: str) -> int:
        """Bytes that have arrived. Raises UploadUnknown."""

    @abstractmethod
    def append(
        self, repository: Repository, upload: str, body: Body, chunk: Range | None = None
    ) -> int:
        """Add `body` and return the new offset; all of it is safe in the store then.

        Raises UploadUnknown, UploadOutOfOrder if `chunk` does not begin at the offset,
        SizeInvalid if the body's length is not the chunk's or the body breaks off: then none
        of it counts.
        """

    @abstractmethod
    def commit(
        self,
        repository: Repository,
        upload: str,
        digest: Digest,
        body: Body | None = None,
        chunk: Range | None = None,
    ) -> None:
        """Add `body` like `append`, then make all the upload's bytes the blob `digest`.

        The upload ends. Raises as `append` does, and DigestInvalid if the bytes have another
        digest: the upload ends then, too. Committing what is committed already is no error.
        """

    @abstractmethod
    def cancel_upload(self, repository: Repository, upload: str) -> None:
        """End an upload and drop its bytes. Raises UploadUnknown."""

    @abstractmethod
    def mount(self, repository: Repository, digest: Digest, source: Repository | None) -> bool:
        """Whether the blob is the project's own now.

        It was, or what can be read of it in `source` has become so.
        """

    # Manifests

    @abstractmethod
    def manifest(self, repository: Repository, reference: Tag | Digest) -> StoredManifest:
        """A manifest by tag or digest. Raises ManifestUnknown."""

    @abstractmethod
    def put_manifest(
        self, repository: Repository, manifest: Manifest, tags: Sequence[Tag] = ()
    ) -> None:
        """Keep a manifest, list it as a referrer of its subject, and make `tags` point to it.

        What it refers to is not checked here. Raises Denied if a tag is protected.
        """

    @abstractmethod
    def adopt(self, repository: Repository, manifest: Manifest) -> None:
        """Make what the manifest refers to the project's own where it can only be read so far.

        A client does not push what it was told is there.
        """

    @abstractmethod
    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        """Remove a manifest and every tag that points to it. Raises ManifestUnknown."""

    @abstractmethod
    def absent_manifests(self, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
        """Those of `digests` that are no manifests of the repository now; of many the first."""

    @abstractmethod
    def referrers(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        """Descriptors of the manifests whose subject is `subject`, by digest."""

    # Tags and repositories

    @abstractmethod
    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        """Remove a tag; its manifest stays. Raises ManifestUnknown, or Denied if protected."""

    @abstractmethod
    def tags(self, repository: Repository) -> list[str]:
        """The repository's tags, sorted by code point. Raises NameUnknown if there are none."""

    @abstractmethod
    def repositories(self) -> list[str]:
        """Names of all repositories that have a tag, sorted by code point."""

    # Health

    @abstractmethod
    def ping(self) -> None:
        """Raise Unavailable unless what lies below answers."""
