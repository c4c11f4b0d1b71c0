"""All repositories of a project: those with names, and images by their ID."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import IMAGES, Repository, Tag
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Body, Content, Store, StoredManifest
from registry_glance.store.glance.images import Images


class Repositories(Store):
    """Hands each question to the one whose repository it is about; uploads are the project's."""

    def __init__(self, named: Store, images: Images) -> None:
        self._named = named
        self._images = images

    def blob_size(self, repository: Repository, digest: Digest) -> int:
        if repository.image:
            return self._images.blob_size(repository.image, digest)
        return self._named.blob_size(repository, digest)

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        if repository.image:
            return self._images.open_blob(repository.image, digest)
        return self._named.open_blob(repository, digest)

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        if repository.image:
            return self._images.delete_blob(repository.image, digest)
        return self._named.delete_blob(repository, digest)

    def absent_blobs(self, digests: Iterable[Digest]) -> list[Digest]:
        return self._named.absent_blobs(digests)

    def create_upload(self, repository: Repository, algorithm: str = "sha256") -> str:
        if repository.image:
            # Better now than after the data.
            self._images.check_takes_push(repository.image)
        return self._named.create_upload(repository, algorithm)

    def upload_offset(self, repository: Repository, upload: str) -> int:
        return self._named.upload_offset(repository, upload)

    def append(
        self, repository: Repository, upload: str, body: Body, chunk: Range | None = None
    ) -> int:
        return self._named.append(repository, upload, body, chunk)

    def commit(
        self,
        repository: Repository,
        upload: str,
        digest: Digest,
        body: Body | None = None,
        chunk: Range | None = None,
    ) -> None:
        self._named.commit(repository, upload, digest, body, chunk)

    def cancel_upload(self, repository: Repository, upload: str) -> None:
        self._named.cancel_upload(repository, upload)

    def mount(self, repository: Repository, digest: Digest, source: Repository | None) -> bool:
        if repository.image:
            self._images.check_takes_push(repository.image)
        if source and source.image:
            return self._images.mount(repository, digest, source.image)
        return self._named.mount(repository, digest, source)

    def manifest(self, repository: Repository, reference: Tag | Digest) -> StoredManifest:
        if repository.image:
            return self._images.manifest(repository.image, reference)
        return self._named.manifest(repository, reference)

    def put_manifest(
        self, repository: Repository, manifest: Manifest, tags: Sequence[Tag] = ()
    ) -> None:
        if repository.image:
            return self._images.put_manifest(repository.image, manifest)
        return self._named.put_manifest(repository, manifest, tags)

    def adopt(self, repository: Repository, manifest: Manifest) -> None:
        if repository.image:
            return self._images.adopt(repository.image, manifest)
        return self._named.adopt(repository, manifest)

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        if repository.image:
            return self._images.delete(repository.image, digest)
        return self._named.delete_manifest(repository, digest)

    def absent_manifests(self, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
        return self._named.absent_manifests(repository, digests)

    def referrers(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        if repository.image:
            return self._images.referrers(repository.image, subject)
        return self._named.referrers(repository, subject)

    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        if repository.image:
            return self._images.delete(repository.image, tag)
        return self._named.delete_tag(repository, tag)

    def tags(self, repository: Repository) -> list[str]:
        if repository.image:
            return self._images.tags(repository.image)
        return self._named.tags(repository)

    def repositories(self) -> list[str]:
        # A row may be renamed to anything in Glance, but not become another image by that.
        return [name for name in self._named.repositories() if not name.startswith(IMAGES)]

    def ping(self) -> None:
        self._named.ping()
