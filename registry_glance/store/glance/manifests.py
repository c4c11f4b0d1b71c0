"""Manifests: hidden rows under computed IDs, whose data are the manifests' bytes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice

from registry_glance.cache.answers import Answers
from registry_glance.cache.blobs import BlobCache
from registry_glance.cache.fetch import corrupt
from registry_glance.errors import Corrupt, ManifestInvalid, ManifestUnknown
from registry_glance.glance.client import Absent, Row
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository
from registry_glance.store.contract import StoredManifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import MOST_ABSENT, Slots, remove
from registry_glance.store.glance.writer import Small, Writer

log = logging.getLogger(__name__)

#: Kinds of rows that keep the blobs which their manifests refer to. A tag has a row of the kind
#: `manifest` beside its own.
KEPT = ("manifest", "image")


class Manifests:
    """The manifests of one project's repositories, by digest."""

    def __init__(
        self,
        project: Project,
        slots: Slots,
        writer: Writer,
        answers: Answers,
        images: Answers,
        cache: BlobCache,
    ) -> None:
        """`images` are answers about rows by their ID."""
        self._project = project
        self._slots = slots
        self._writer = writer
        self._answers = answers
        self._images = images
        self._cache = cache

    def get(self, repository: Repository, digest: Digest) -> StoredManifest:
        """A manifest with its bytes. Raises ManifestUnknown, or Corrupt."""
        row = self.find(repository, digest)
        return StoredManifest(str(row["oci_media_type"]), digest, self.body(row["id"], digest))

    def find(self, repository: Repository, digest: Digest) -> Row:
        """The manifest's row. Raises ManifestUnknown."""
        return self._answers.get(
            _name(repository, digest), lambda: self._look_up(repository, digest)
        )

    def body(self, row_id: str, digest: Digest) -> bytes:
        """The bytes in a manifest's or a tag's row. Raises ManifestUnknown, or Corrupt."""
        near = self._cache.read(digest)
        if near is not None:
            return near
        try:
            data = _bounded(self._project.read(row_id), digest)
        except Absent:
            raise ManifestUnknown(detail={"digest": str(digest)}) from None
        if Digest.of(data, digest.algorithm) != digest:
            raise corrupt(digest, len(data))
        self._cache.add(data, digest)
        return data

    def put(self, repository: Repository, manifest: Manifest) -> None:
        """Keep a manifest; one that is there already stays."""
        self._slots.create(
            "manifest",
            _parts(repository, manifest.digest),
            lambda row_id: rows.new_manifest(row_id, repository.name, manifest),
            rows.is_active,
            lambda row_id: self._write(row_id, manifest),
        )
        self._cache.add(manifest.body, manifest.digest)
        self._answers.forget(_name(repository, manifest.digest))

    def delete(self, repository: Repository, digest: Digest) -> Manifest:
        """Remove a manifest and return what it was. Raises ManifestUnknown."""
        live = self._live(repository, digest)
        if not live:
            raise ManifestUnknown(detail={"digest": str(digest)})
        manifest = self._parse(live[0])
        try:
            for row in live:
                remove(self._project, row["id"])
                self._images.forget(row["id"])
        finally:
            self._answers.forget(_name(repository, digest))
        return manifest

    def absent(self, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
        """Those that are not in Glance now, the first few; one question for most lists."""
        wanted = list(dict.fromkeys(digests))
        first = self._slots.find_first(
            "manifest", [_parts(repository, digest) for digest in wanted]
        )
        absent = (
            digest
            for digest in wanted
            if not rows.is_active(first.get(_parts(repository, digest), {}))
            and not self._live(repository, digest)
        )
        return list(islice(absent, MOST_ABSENT))

    def refer_to(self, digest: Digest) -> bool:
        """Whether any manifest of the project needs this blob: looks at each of them."""
        return any(
            descriptor.digest == digest
            for _, manifest in self.all()
            for descriptor in manifest.blobs()
        )

    def all(self) -> Iterator[tuple[str, Manifest]]:
        """Every manifest of the project that can be read, and its row: looks at all rows."""
        for row in self._rows():
            if row.get("oci_kind") in KEPT:
                try:
                    yield row["id"], self._parse(row)
                except (ManifestUnknown, ManifestInvalid, Corrupt):
                    log.warning("row %s is no manifest", row["id"])

    def _write(self, row_id: str, manifest: Manifest) -> None:
        self._writer.write(row_id, Small(manifest.body))

    def _rows(self) -> Iterator[Row]:
        for hidden in (True, False):
            yield from self._project.rows(hidden=hidden, largest=rows.LARGEST_MANIFEST)

    def _parse(self, row: Row) -> Manifest:
        digest = rows.read_digest(row)
        if digest is None:
            raise ManifestUnknown()
        body = self.body(row["id"], digest)
        return Manifest.parse(body, str(row.get("oci_media_type")), digest.algorithm)

    def _look_up(self, repository: Repository, digest: Digest) -> Row:
        live = self._live(repository, digest)
        if not live:
            raise ManifestUnknown(detail={"digest": str(digest)})
        return live[0]

    def _live(self, repository: Repository, digest: Digest) -> list[Row]:
        found = self._slots.find("manifest", *_parts(repository, digest))
        return [row for row in found if rows.is_active(row)]


def _bounded(chunks: Iterable[bytes], digest: Digest) -> bytes:
    """All of it: whoever may write the row may have put in anything. Raises Corrupt."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > rows.LARGEST_MANIFEST:
            raise corrupt(digest, len(data))
    return bytes(data)


def _parts(repository: Repository, digest: Digest) -> tuple[str, str]:
    return repository.name, str(digest)


def _name(repository: Repository, digest: Digest) -> str:
    return f"manifest {repository}@{digest}"
