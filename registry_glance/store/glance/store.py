"""The storage contract, put together from its parts."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress

from registry_glance.errors import ManifestUnknown, NameUnknown
from registry_glance.glance.client import Row
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Body, Content, Store, StoredManifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.findings import Finding, Findings
from registry_glance.store.glance.layers import Layers
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.manifests import Manifests
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.referrers import Referrers
from registry_glance.store.glance.seen import IMAGES
from registry_glance.store.glance.slots import Slots
from registry_glance.store.glance.tags import Tags
from registry_glance.store.glance.uploads import Uploads
from registry_glance.store.glance.writer import Writer


class GlanceStore(Store):
    """One project's repositories in Glance."""

    def __init__(self, project: Project, local: Local) -> None:
        self._project = project
        images = local.answers.of(IMAGES)
        local = local.of(project.ids.project)
        answers = local.answers.as_seen_by(project.view)
        slots, writer = Slots(project), Writer(project, local.puts)
        self._blobs = Blobs(project, slots, answers, local)
        self._manifests = Manifests(project, slots, writer, answers, images, local.cache)
        self._referrers = Referrers(project, answers, self._manifests)
        self._tags = Tags(project, writer, answers, images)
        self._uploads = Uploads(project, self._blobs, writer, local)
        self._findings = Findings(project, slots, writer, answers, self._manifests)
        self._layers = Layers(self._manifests, self._blobs)

    def blob_size(self, repository: Repository, digest: Digest) -> int:
        return self._blobs.find(digest).size

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        return self._blobs.open(digest)

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        self._blobs.delete(digest, lambda: self._manifests.refer_to(digest))

    def has_bytes(self, digest: Digest) -> bool:
        """Whether all of a blob is in Glance, and not only its entry."""
        return self._blobs.has_bytes(digest)

    def absent_blobs(self, digests: Iterable[Digest]) -> list[Digest]:
        return self._blobs.absent(digests)

    def create_upload(self, repository: Repository, algorithm: str = "sha256") -> str:
        return self._uploads.create(repository, algorithm)

    def upload_offset(self, repository: Repository, upload: str) -> int:
        return self._uploads.offset(repository, upload)

    def append(
        self, repository: Repository, upload: str, body: Body, chunk: Range | None = None
    ) -> int:
        return self._uploads.append(repository, upload, body, chunk)

    def commit(
        self,
        repository: Repository,
        upload: str,
        digest: Digest,
        body: Body | None = None,
        chunk: Range | None = None,
    ) -> None:
        self._uploads.commit(repository, upload, digest, body, chunk)

    def cancel_upload(self, repository: Repository, upload: str) -> None:
        self._uploads.cancel(repository, upload)

    def mount(self, repository: Repository, digest: Digest, source: Repository | None) -> bool:
        # Blobs belong to the project, so it does not matter which of its repositories has it.
        return not self._blobs.absent([digest]) and self._blobs.has_bytes(digest)

    def manifest(self, repository: Repository, reference: Tag | Digest) -> StoredManifest:
        if isinstance(reference, Digest):
            return self._manifests.get(repository, reference)
        return self._manifests.get(repository, self._tags.find(repository, reference).digest)

    def has_manifest(self, repository: Repository, digest: Digest) -> bool:
        """Whether a manifest is there; its bytes are not looked at."""
        with suppress(ManifestUnknown):
            return bool(self._manifests.find(repository, digest))
        return False

    def held_manifest(self, holder: rows.Holder) -> StoredManifest:
        """The manifest in a row of the project. Raises ManifestUnknown, or Corrupt."""
        body = self._manifests.body(holder.row, holder.digest)
        return StoredManifest(holder.media_type, holder.digest, body)

    def put_manifest(
        self, repository: Repository, manifest: Manifest, tags: Sequence[Tag] = ()
    ) -> None:
        # In this order: whatever can be found refers only to what is there.
        with self._tags.drafts(repository, tags, manifest) as drafts:
            self._manifests.put(repository, manifest)
            if manifest.subject is not None:
                self._referrers.add(repository, manifest.subject.digest, manifest.digest)
            while drafts:
                self._tags.commit(drafts.pop(0), manifest)

    def adopt(self, repository: Repository, manifest: Manifest) -> None:
        """Nothing that is not the project's own can be read here."""

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        self._tags.check_removable(repository, digest)
        # A tag whose manifest is gone is unknown, so this is one step for every reader.
        manifest = self._manifests.delete(repository, digest)
        if manifest.subject is not None:
            self._referrers.forget(repository, manifest.subject.digest)
        self._tags.delete_all(repository, digest)

    def absent_manifests(self, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
        return self._manifests.absent(repository, digests)

    def referrers(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        return self._referrers.of(repository, subject)

    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        self._tags.delete(repository, tag)

    def tag_row(self, repository: Repository, tag: Tag) -> str:
        """The ID of the row that the tag has now. Raises ManifestUnknown."""
        return self._tags.find(repository, tag).row

    def forget_tag(self, name: str) -> None:
        """Tell that somebody has removed a row of this name, `repository:tag`."""
        self._tags.forget(name)

    def open_part(self, row: str, digest: Digest, size: int, start: int) -> Content:
        """A blob that is `size` bytes of what a row holds, from `start`. Raises BlobUnknown."""
        return self._blobs.open_part(row, digest, size, start)

    def data(self, row: str) -> Generator[bytes, None, None]:
        """All that a row holds. Raises Absent before the first byte."""
        return self._blobs.data(row)

    def has_ranges(self, row: str) -> bool:
        """Whether Glance gives out a part of what a row holds without reading all of it."""
        return self._project.has_ranges(row)

    def has_all(self, image: str, digests: Iterable[Digest]) -> bool:
        """Whether the project has all blobs that an image refers to; remembered for the image."""
        return self._blobs.has_all(image, digests)

    def finding(self, image: str) -> Finding:
        """What was found in an image of the project. See Findings.of."""
        return self._findings.of(image)

    def has_source(self, finding: Finding) -> bool:
        """Whether what it was found from is still there."""
        return self._findings.has_source(finding)

    def keep_finding(self, image: str, finding: Finding) -> None:
        """Remember what was found in an image."""
        self._findings.keep(image, finding)

    def drop_finding(self, image: str) -> None:
        """Forget it."""
        self._findings.drop(image)

    def is_layer(self, row: Row) -> bool:
        """Whether a row holds a blob of the project, or a piece of one."""
        return row.get("oci_kind") == "upload" and self._project.ids.is_genuine(row)

    def layer_finding(self, row: Row) -> Finding | None:
        """The image that a layer is; None if it is one of nothing. See Layers.finding."""
        return self._layers.finding(row)

    def tags(self, repository: Repository) -> list[str]:
        found = self._tags.names(repository)
        if not found:
            raise NameUnknown(detail={"name": repository.name})
        return found

    def repositories(self) -> list[str]:
        return sorted(self._tags.repositories())

    def ping(self) -> None:
        self._project.ping()
