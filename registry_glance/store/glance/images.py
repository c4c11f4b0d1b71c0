"""Images of Glance as repositories, `glance/ID`: each is one image, whatever the tag."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from registry_glance.errors import (
    BlobUnknown,
    Denied,
    ManifestInvalid,
    ManifestUnknown,
    NameUnknown,
)
from registry_glance.glance.client import Absent, Row
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import UUID, Repository, Tag
from registry_glance.spool.permits import Busy
from registry_glance.store.contract import Content, StoredManifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.copies import LARGEST_MOUNT, PATIENCE, Copies
from registry_glance.store.glance.examined import Examined
from registry_glance.store.glance.foreign import Foreign
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.pushed import Pushed
from registry_glance.store.glance.queued import Queued
from registry_glance.store.glance.seen import Seen
from registry_glance.store.glance.slots import remove
from registry_glance.store.glance.store import GlanceStore
from registry_glance.store.glance.trees import Trees

log = logging.getLogger(__name__)

#: Property of Nova's snapshots: the image that the server was booted from.
BASE = "base_image_ref"


class Images:
    """The images that one project sees, each by its ID; promises are those of the contract."""

    def __init__(
        self,
        project: Project,
        own: GlanceStore,
        seen: Seen,
        queued: Queued,
        foreign: Foreign,
        keep: Callable[[str], GlanceStore],
        trees: Trees,
        copies: Copies,
    ) -> None:
        """`own` is the project's store, `keep` that of another one, by its ID."""
        self._project = project
        self._own = own
        self._seen = seen
        self._queued = queued
        self._foreign = foreign
        self._keep = keep
        self._trees = trees
        self._copies = copies

    def blob_size(self, image: str, digest: Digest) -> int:
        """A blob's size; the project's own can be seen in every repository."""
        repository = Repository.of_image(image)
        with suppress(BlobUnknown):
            return self._own.blob_size(repository, digest)
        for lent in self._lenders_of(image, digest):
            with suppress(BlobUnknown):
                return lent.blob_size(digest)
        raise BlobUnknown(detail={"digest": str(digest)})

    def open_blob(self, image: str, digest: Digest) -> Content:
        """A blob, to be read; the project's own can be read in every repository."""
        repository = Repository.of_image(image)
        with suppress(BlobUnknown):
            return self._own.open_blob(repository, digest)
        for lent in self._lenders_of(image, digest):
            with suppress(BlobUnknown):
                return lent.open_blob(digest)
        raise BlobUnknown(detail={"digest": str(digest)})

    def delete_blob(self, image: str, digest: Digest) -> None:
        """Remove a blob that is the project's own."""
        try:
            self._own.delete_blob(Repository.of_image(image), digest)
        except BlobUnknown:
            self.blob_size(image, digest)
            raise Denied("this blob is another project's") from None

    def check_takes_push(self, image: str) -> None:
        """Raise NameUnknown or Denied if nothing can be pushed to the image."""
        self._queued.check(image)

    def mount(self, repository: Repository, digest: Digest, source: str) -> bool:
        """Make a blob of the image `source` the project's own, in `repository`."""
        if self._own.mount(repository, digest, None):
            return True
        with suppress(Busy, BlobUnknown):
            return any(
                self._mounted(repository, digest, lent)
                for lent in self._lenders_of(source, digest)
                if lent.blob_size(digest) <= LARGEST_MOUNT
            )
        return False

    def manifest(self, image: str, reference: Tag | Digest) -> StoredManifest:
        """The image's manifest, or one below it."""
        return self._whole(image).manifest(reference)

    def put_manifest(self, image: str, manifest: Manifest) -> None:
        """Fill the image. Raises NameUnknown, Denied, or ManifestInvalid for an index."""
        _check_single(manifest)
        self._queued.fill(image, manifest)

    def adopt(self, image: str, manifest: Manifest) -> None:
        """Copy what the manifest needs from the image that the server was booted from."""
        _check_single(manifest)
        self.check_takes_push(image)
        with self._copies.turn(PATIENCE):
            while self._adopt_some(image, manifest):
                log.debug("copied some of what image %s refers to", image)

    def _adopt_some(self, image: str, manifest: Manifest) -> bool:
        """Copy what is there of the first that are absent; whether any was copied."""
        copied = [
            self._copied(Repository.of_image(image), digest, one)
            for digest in self._own.absent_blobs(one.digest for one in manifest.blobs())
            for one in self._lenders_of(image, digest)
        ]
        return any(copied)

    def delete(self, image: str, reference: Tag | Digest) -> None:
        """Remove the image from Glance, with the tag that it may be."""
        found = self._whole(image)
        digest = found.manifest(reference).digest
        if found.owner != self._project.ids.project:
            raise Denied("this image is another project's")
        if isinstance(found, Pushed):
            _check_root(found.holder, digest)
        elif not found.is_only(digest):
            raise Denied("this is a part of an archive: delete the image in Glance")
        self._remove(image)
        self._own.drop_finding(image)

    def referrers(self, image: str, subject: Digest) -> list[Descriptor]:
        """Those of the image's manifests that refer to `subject`."""
        with suppress(ManifestUnknown):
            found = [
                one.descriptor()
                for one in self.known(image).manifests()
                if one.subject is not None and one.subject.digest == subject
            ]
            return sorted(found, key=lambda one: str(one.digest))
        return []

    def tags(self, image: str) -> list[str]:
        """At least one tag, if the image can be pulled. Raises NameUnknown."""
        try:
            return self._whole(image).tags()
        except ManifestUnknown as error:
            name = str(Repository.of_image(image))
            raise NameUnknown(error.message, detail={"name": name}) from None

    def known(self, image: str) -> Pushed | Examined:
        """What is known to be there, without looking through it. Raises ManifestUnknown."""
        return self._opened(image, self._foreign.known)

    def _whole(self, image: str) -> Pushed | Examined:
        """What can be pulled, looked through if need be. Raises ManifestUnknown."""
        return self._opened(image, self._foreign.whole)

    def _opened(self, image: str, foreign: Callable[[Row], Examined]) -> Pushed | Examined:
        detail = {"image": image}
        try:
            row = self._seen.recent(image)
        except Absent:
            raise ManifestUnknown(detail=detail) from None
        holder = self._seen.holder(row)
        if holder is None:
            if self._seen.is_genuine(row) and row.get("oci_kind") != "upload":
                raise ManifestUnknown("the registry keeps this row for itself", detail=detail)
            return foreign(row)
        keeper = self._keep(holder.owner)
        if holder.lost and not self._may_still_pull(holder, holder.lost, keeper):
            raise ManifestUnknown(detail=detail)
        return Pushed(holder, keeper, self._trees)

    def _may_still_pull(self, holder: rows.Holder, lost: Tag, keeper: GlanceStore) -> bool:
        """Whether the owner shows the caller what the tag is now.

        The row keeps the visibility that it had; whoever takes back the tag means all of it.
        """
        if holder.owner == self._project.ids.project:
            return True
        with suppress(Absent, ManifestUnknown):
            row = self._seen.recent(keeper.tag_row(holder.repository, lost))
            return self._seen.holder(row) is not None
        return False

    def _lent(self, image: str) -> Iterator[Pushed | Examined]:
        """What the image lets be read of others: of a snapshot still to be filled, its base."""
        for row_id in (image, self._base(image)):
            with suppress(ManifestUnknown):
                if row_id is not None:
                    yield self.known(row_id)
                    return

    def _base(self, image: str) -> str | None:
        with suppress(Absent):
            row = self._seen.ask(image)
            base = str(row.get(BASE))
            if self._seen.is_own(row) and row["status"] == "queued" and UUID.fullmatch(base):
                return base
        return None

    def _lenders_of(self, image: str, digest: Digest) -> Iterator[Pushed | Examined]:
        return (one for one in self._lent(image) if self._copies.trusts(one.owner, digest))

    def _mounted(self, repository: Repository, digest: Digest, lent: Pushed | Examined) -> bool:
        with self._copies.turn(patience=0):
            return self._copied(repository, digest, lent)

    def _copied(self, repository: Repository, digest: Digest, lent: Pushed | Examined) -> bool:
        opened = partial(lent.open_blob, digest)
        return self._copies.take(digest, lent.owner, opened, self._own, repository)

    def _remove(self, image: str) -> None:
        with suppress(Absent):
            row = self._seen.ask(image)
            if row.get("protected"):
                raise Denied("the image is protected in Glance")
            try:
                remove(self._project, image)
            finally:
                self._seen.forget(image)
                if tag := rows.tag(row):
                    self._own.forget_tag(tag.name)


def _check_root(holder: rows.Holder, digest: Digest) -> None:
    if holder.kind == "manifest" or digest != holder.digest:
        raise Denied(f"this manifest is not an image by itself, but a part of {holder.repository}")


def _check_single(manifest: Manifest) -> None:
    if manifest.media_type in media_types.INDEXES:
        raise ManifestInvalid("an image in Glance takes no index: push one of its images")
