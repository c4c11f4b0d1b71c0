"""An OCI image layout that is a folder, as a source (OCI Image 1.1, image-layout.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from registry_glance.archive.contents import Found
from registry_glance.archive.layout import INDEX, MARK, blob_path, names
from registry_glance.client.errors import Absent, Untrue, Usage
from registry_glance.client.reference import Reference
from registry_glance.errors import ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest

READ_SIZE = 1 << 20
#: Bytes of a manifest, or of the index.
LARGEST = 4 << 20


class Layout:
    """The images of a folder."""

    origin: Reference | None = None

    def __init__(self, folder: Path) -> None:
        """Raises Usage for a folder that is none."""
        self._folder = folder
        if not (folder / MARK).is_file():
            raise Usage(f"{folder} is a folder, but no OCI layout: it has no {MARK}")
        self.images = tuple(self._listed())

    def manifest(self, digest: Digest) -> Manifest:
        body = self._document(self._path(digest))
        if Digest.of(body, digest.algorithm) != digest:
            raise Untrue(f"{self._path(digest)} has another digest: the layout is damaged")
        return Manifest.parse(body, None, digest.algorithm)

    def read(self, blob: Descriptor, start: int) -> Iterator[bytes]:
        with self._path(blob.digest).open("rb") as file:
            file.seek(start)
            while data := file.read(READ_SIZE):
                yield data

    def referrers(self, digest: Digest) -> Iterator[Descriptor]:
        return iter(())

    def _path(self, digest: Digest) -> Path:
        return self._folder / blob_path(digest)

    def _document(self, path: Path) -> bytes:
        try:
            with path.open("rb") as file:
                body = file.read(LARGEST + 1)
        except FileNotFoundError:
            raise Absent(404, "MANIFEST_UNKNOWN", f"the layout lacks {path}") from None
        if len(body) > LARGEST:
            raise Usage(f"{path} has more than 4 MiB")
        return body

    def _listed(self) -> Iterator[Found]:
        path = self._folder / INDEX
        try:
            entries = json.loads(self._document(path))["manifests"]
            found = [Descriptor.parse(entry) for entry in entries]
        except (ValueError, LookupError, TypeError, RecursionError, ManifestInvalid):
            raise Usage(f"{path} is no index of images") from None
        for one in found:
            if one.media_type in media_types.MANIFESTS:
                yield Found(one.digest, names(one))
