"""An image that was not pushed: what was found in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from registry_glance.archive import rootfs
from registry_glance.archive.contents import Contents, Part
from registry_glance.archive.picking import pick, tags
from registry_glance.errors import BlobUnknown, ManifestUnknown
from registry_glance.glance.client import Row
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.store.contract import Content, StoredManifest
from registry_glance.store.glance.content import Held
from registry_glance.store.glance.findings import Finding
from registry_glance.store.glance.store import GlanceStore


class Examined:
    """Its manifests, its own bytes as their blobs, and what else they refer to, of its owner."""

    def __init__(self, row: Row, finding: Finding, keeper: GlanceStore) -> None:
        """`finding` is what was found in the row, `keeper` the store of the row's owner.

        Raises ArchiveInvalid if the row's properties do not say how to run it.
        """
        self.owner = str(row["owner"])
        self._row = str(row["id"])
        self._repository = Repository.of_image(self._row)
        self._finding = finding
        self._contents = _runnable(finding, row)
        self._keeper = keeper

    def manifest(self, reference: Tag | Digest) -> StoredManifest:
        """A manifest by its digest; by a tag the one that is called so, else the first.

        Raises ManifestUnknown.
        """
        digest = reference
        if isinstance(digest, Tag):
            digest = pick(self._contents, digest.name).manifest
        document = self._contents.documents.get(digest)
        if document is None or document.media_type not in media_types.MANIFESTS:
            raise ManifestUnknown(detail={"digest": str(digest)})
        return StoredManifest(document.media_type, digest, document.body)

    def manifests(self) -> Iterator[Manifest]:
        """All manifests in it."""
        return iter(self._manifests)

    def tags(self) -> list[str]:
        """`latest`, and the tags by which one of several images in it is meant."""
        return tags(self._contents)

    def blob_size(self, digest: Digest) -> int:
        """Bytes of a blob of the image. Raises BlobUnknown."""
        document, part = self._contents.documents.get(digest), self._range(digest)
        if document is not None:
            return len(document.body)
        if part is not None:
            return part.size
        self._check(digest)
        return self._keeper.blob_size(self._repository, digest)

    def open_blob(self, digest: Digest) -> Content:
        """A blob of the image, to be read. Raises BlobUnknown."""
        document, part = self._contents.documents.get(digest), self._range(digest)
        if document is not None:
            return Held(document.body)
        if part is not None:
            return self._keeper.open_part(self._row, part.digest, part.size, part.start)
        self._check(digest)
        return self._keeper.open_blob(self._repository, digest)

    @property
    def is_unpacked(self) -> bool:
        """Whether what it refers to was taken out of it, and could be once more."""
        return self._contents.packed

    @property
    def is_outdated(self) -> bool:
        """Whether it was cut from a manifest that is gone."""
        return not self._keeper.has_source(self._finding)

    @cached_property
    def is_whole(self) -> bool:
        """Whether the blobs are there that its manifests refer to, and that it does not hold."""
        borrowed = {one for one in self._blobs if not (self._range(one) or self._holds(one))}
        return self._keeper.has_all(self._row, borrowed)

    def is_only(self, digest: Digest) -> bool:
        """Whether this manifest is all of it."""
        return [one.manifest for one in self._contents.images] == [digest]

    @cached_property
    def _manifests(self) -> list[Manifest]:
        return [
            Manifest.parse(document.body, document.media_type, digest.algorithm)
            for digest, document in self._contents.documents.items()
            if document.media_type in media_types.MANIFESTS
        ]

    @cached_property
    def _blobs(self) -> frozenset[Digest]:
        return frozenset(blob.digest for one in self._manifests for blob in one.blobs())

    def _range(self, digest: Digest) -> Part | None:
        """Where in the row's own bytes a blob lies, if it does."""
        return None if self._contents.packed else self._contents.parts.get(digest)

    def _holds(self, digest: Digest) -> bool:
        return digest in self._contents.documents

    def _check(self, digest: Digest) -> None:
        """Who is told that a blob is there does not push it, so all of it must be."""
        if digest not in self._blobs or not self._keeper.has_bytes(digest):
            raise BlobUnknown(detail={"digest": str(digest)})


def _runnable(finding: Finding, row: Row) -> Contents:
    """A file system as an image that is run as the row's properties say; all else as it is.

    Raises ArchiveInvalid.
    """
    root = finding.contents.root
    if root is None:
        return finding.contents
    properties = {name: text for name, text in row.items() if isinstance(text, str)}
    packed = finding.contents.packed
    return rootfs.image(root, properties, str(row["created_at"]), finding.machine, packed=packed)
