"""Layers as images: a layer on top of those below it, run as the image it comes from is run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from registry_glance.archive.contents import Contents, Document, Found
from registry_glance.errors import ArchiveInvalid, BlobUnknown
from registry_glance.glance.client import Row
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.findings import Finding
from registry_glance.store.glance.manifests import Manifests

JSON = dict[str, Any]
#: Bytes above which a configuration is none.
LARGEST_CONFIGURATION = 4 << 20
#: Blobs of several rows that are looked at to find whose a row is.
MOST_LARGE = 200


class _Place(NamedTuple):
    """A manifest with the layer, how many it has in all, how many up to that one; its row."""

    total: int
    digest: str
    manifest: Manifest
    kept: int
    row: str


class Layers:
    """The layers of one project."""

    def __init__(self, manifests: Manifests, blobs: Blobs) -> None:
        self._manifests = manifests
        self._blobs = blobs

    def finding(self, row: Row) -> Finding | None:
        """The image whose file system ends with the layer in a row of the project's blobs.

        Of the manifests with the layer it is that with the fewest layers: where the layer is the
        last one, this very manifest; else one that is cut to match. None if no manifest has it.
        """
        owner = _Owner(row, self._blobs)
        places: list[_Place] = []
        for source, manifest in self._manifests.all():
            if manifest.config is not None and owner.is_of(manifest.config):
                return Finding(refused="this is the configuration of an image, and no layer")
            places += _places(manifest, source, owner)
        if not places:
            return None
        place = min(places, key=lambda one: (one.total, one.digest))
        try:
            return Finding(self._cut(place.manifest, place.kept), source=place.row)
        except ArchiveInvalid as error:
            return Finding(refused=error.message)

    def _cut(self, manifest: Manifest, count: int) -> Contents:
        """The image with the first `count` layers of a manifest."""
        if count == len(manifest.layers):
            document = Document(manifest.media_type, manifest.body)
            return Contents((Found(manifest.digest),), {manifest.digest: document})
        assert manifest.config is not None
        if manifest.config.media_type in media_types.MANIFESTS:
            raise ArchiveInvalid("the configuration of the layer's image is called a manifest")
        config = _cut_configuration(self._read(manifest.config), count)
        value = json.loads(manifest.body)
        said = {
            "schemaVersion": 2,
            "mediaType": manifest.media_type,
            "config": {**value["config"], "digest": str(Digest.of(config)), "size": len(config)},
            "layers": value["layers"][:count],
        }
        body = json.dumps(said, separators=(",", ":")).encode()
        documents = {
            Digest.of(body): Document(manifest.media_type, body),
            Digest.of(config): Document(manifest.config.media_type, config),
        }
        return Contents((Found(Digest.of(body)),), documents)

    def _read(self, config: Descriptor) -> JSON:
        """An image's configuration. Raises ArchiveInvalid."""
        try:
            blob = self._blobs.find(config.digest)
            if blob.size > LARGEST_CONFIGURATION:
                raise ArchiveInvalid("the configuration of the layer's image is too large")
            value = json.loads(b"".join(self._blobs.read(blob, 0, blob.size)))
        except (BlobUnknown, ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ArchiveInvalid("the configuration of the layer's image cannot be read")
        return value


class _Owner:
    """Tells which blob a row belongs to."""

    def __init__(self, row: Row, blobs: Blobs) -> None:
        self._row = row["id"]
        self._digest = rows.read_digest(row)
        self._stop = (rows.number(row, "oci_offset") or 0) + (row.get("size") or 0)
        self._blobs = blobs
        self._known: dict[Digest, bool] = {}

    def is_of(self, blob: Descriptor) -> bool:
        """Whether the row holds the blob, or a part of it."""
        # The digest in a row is that of all bytes up to its end: of the last row, the blob's.
        if blob.digest == self._digest:
            return True
        if blob.size <= self._stop or len(self._known) > MOST_LARGE:
            return False
        if blob.digest not in self._known:
            self._known[blob.digest] = self._holds(blob.digest)
        return self._known[blob.digest]

    def _holds(self, digest: Digest) -> bool:
        try:
            return self._row in self._blobs.find(digest).rows
        except BlobUnknown:
            return False


def _places(manifest: Manifest, row: str, owner: _Owner) -> Iterator[_Place]:
    if manifest.media_type not in media_types.IMAGES:
        return
    for kept, layer in enumerate(manifest.layers, start=1):
        if owner.is_of(layer):
            yield _Place(len(manifest.layers), str(manifest.digest), manifest, kept, row)
            return


def _cut_configuration(config: JSON, count: int) -> bytes:
    """A configuration of the first `count` layers (OCI Image 1.1, config.md)."""
    root = config.get("rootfs")
    root = root if isinstance(root, dict) else {}
    diff_ids = root.get("diff_ids")
    if not isinstance(diff_ids, list) or len(diff_ids) < count:
        raise ArchiveInvalid("the configuration of the layer's image does not tell its layers")
    # What the Engine remembers of the container that the last layer was made in.
    said = {
        key: value for key, value in config.items() if key not in ("container", "container_config")
    }
    history = _cut_history(config.get("history"), count)
    said |= {"rootfs": {**root, "diff_ids": diff_ids[:count]}, "history": history}
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _cut_history(history: object, count: int) -> list[JSON]:
    """What has made the first `count` layers; nothing if it does not fit them."""
    kept: list[JSON] = []
    entries: Iterable[object] = history if isinstance(history, list) else ()
    for entry in entries:
        if not isinstance(entry, dict):
            return []
        kept.append(entry)
        count -= not entry.get("empty_layer")
        if not count:
            return kept
    return []
