"""An image that was pushed to the registry: by name, or to its ID."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from registry_glance.errors import BlobUnknown, ManifestUnknown
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Tag
from registry_glance.store.contract import Content, StoredManifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.store import GlanceStore
from registry_glance.store.glance.trees import Trees, Walk

#: The tag that is listed.
LATEST = "latest"


class Pushed:
    """Its row holds a manifest; what that refers to, and nothing else, is read of its owner."""

    def __init__(self, holder: rows.Holder, keeper: GlanceStore, trees: Trees) -> None:
        """`keeper` is the store of the row's owner."""
        self.holder = holder
        self.owner = holder.owner
        self._keeper = keeper
        self._trees = trees

    def manifest(self, reference: Tag | Digest) -> StoredManifest:
        """The manifest by any tag or its digest, or one below it. Raises ManifestUnknown."""
        if isinstance(reference, Tag):
            return self._read(self.holder.digest)
        if reference not in self._tree():
            raise ManifestUnknown(detail={"digest": str(reference)})
        return self._read(reference)

    def tags(self) -> list[str]:
        """One; any other means the same."""
        return [LATEST]

    def manifests(self) -> Iterator[Manifest]:
        """The manifest, and of an index those below it that are there."""
        return Walk().tree(self.holder.digest, self._read)

    def blob_size(self, digest: Digest) -> int:
        """Bytes of a blob of the image. Raises BlobUnknown."""
        self._check(digest)
        return self._keeper.blob_size(self.holder.repository, digest)

    def open_blob(self, digest: Digest) -> Content:
        """A blob of the image, to be read. Raises BlobUnknown."""
        self._check(digest)
        return self._keeper.open_blob(self.holder.repository, digest)

    def _tree(self) -> Mapping[Digest, frozenset[Digest]]:
        """What each of the manifests refers to; nothing if the row's own is gone."""
        root = self.holder.digest
        return self._trees.of(root, self._read) if self._has(root) else {}

    def _read(self, digest: Digest) -> StoredManifest:
        if self._is_held(digest):
            return self._keeper.held_manifest(self.holder)
        return self._keeper.manifest(self.holder.repository, digest)

    def _has(self, digest: Digest) -> bool:
        return self._is_held(digest) or self._keeper.has_manifest(self.holder.repository, digest)

    def _is_held(self, digest: Digest) -> bool:
        """Whether it has no other row: a tag's manifest is gone when the one beside it is."""
        return self.holder.kind == "image" and digest == self.holder.digest

    def _check(self, digest: Digest) -> None:
        """Who is told that a blob is there does not push it, so all of it must be."""
        refers = any(digest in blobs and self._has(one) for one, blobs in self._tree().items())
        if not refers or not self._keeper.has_bytes(digest):
            raise BlobUnknown(detail={"digest": str(digest)})
