"""One project's store, with those of its images that only have a name: what was pushed comes first.

An image is looked into where it lies: nothing is written when it gets a name or loses it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from registry_glance.errors import (
    BlobUnknown,
    Corrupt,
    Denied,
    ManifestInvalid,
    ManifestUnknown,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.spool.permits import Busy
from registry_glance.store.contract import Content, StoredManifest
from registry_glance.store.glance import rows
from registry_glance.store.glance.copies import LARGEST_MOUNT, PATIENCE
from registry_glance.store.glance.examined import Examined
from registry_glance.store.glance.images import Images
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.naming import Image
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.pushed import Pushed
from registry_glance.store.glance.store import GlanceStore

log = logging.getLogger(__name__)

#: What can be wrong with an image that somebody has given a name.
WRONG = (ManifestUnknown, ManifestInvalid, Corrupt)
#: What is known of an image in Glance: what can be pulled of it.
Known = Pushed | Examined

#: Images that are looked into for one answer, and seconds after which no further one is.
MOST = 100
LOOKING = 5


class Looking:
    """What may still be looked into for one answer: anybody may name any number of images."""

    def __init__(self) -> None:
        self._images = MOST
        self._seconds: float = LOOKING

    @property
    def is_over(self) -> bool:
        """Whether it has taken too long, or too many were looked into."""
        return self._images <= 0 or self._seconds <= 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """To be held while an image is looked into."""
        self._images -= 1
        began = time.monotonic()
        try:
            yield
        finally:
            self._seconds -= time.monotonic() - began


class NamedStore(GlanceStore):
    """A project's repositories, and its images that are called like tags of them."""

    def __init__(self, project: Project, local: Local, images: Images) -> None:
        """`images` are those by their ID."""
        super().__init__(project, local)
        self._images = images
        self._copies = local.copies
        self._hints = local.hints

    def blob_size(self, repository: Repository, digest: Digest) -> int:
        try:
            return super().blob_size(repository, digest)
        except BlobUnknown:
            # Asked for each new layer of a push, so nothing is listed.
            for known in self._holders(self._latest(repository), digest):
                return known.blob_size(digest)
            raise

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        try:
            return super().open_blob(repository, digest)
        except BlobUnknown:
            for known in self._holders(self._called(repository), digest):
                return known.open_blob(digest)
            raise

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        try:
            super().delete_blob(repository, digest)
        except BlobUnknown:
            for _ in self._holders(self._latest(repository), digest):
                raise Denied("this blob is a part of an image in Glance") from None
            raise

    def mount(self, repository: Repository, digest: Digest, source: Repository | None) -> bool:
        if super().mount(repository, digest, source):
            return True
        holders = self._holders(self._latest(source), digest) if source else ()
        with suppress(Busy, BlobUnknown):
            return any(
                self._mounted(repository, digest, known)
                for known in holders
                if known.blob_size(digest) <= LARGEST_MOUNT
            )
        return False

    def manifest(self, repository: Repository, reference: Tag | Digest) -> StoredManifest:
        if isinstance(reference, Digest):
            try:
                return super().manifest(repository, reference)
            except ManifestUnknown:
                return self._manifest_of_image(repository, reference)
        return self._manifest_of(repository, reference, self._tags.meant(repository, reference))

    def adopt(self, repository: Repository, manifest: Manifest) -> None:
        """Raises Busy if others are copying for long."""
        with self._copies.turn(PATIENCE):
            self._adopt(repository, manifest, Looking())

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        try:
            super().delete_manifest(repository, digest)
        except ManifestUnknown:
            self._delete_images(repository, digest)

    def referrers(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        found = {one.digest: one for one in super().referrers(repository, subject)}
        for image, _ in self._known(self._latest(repository)):
            for one in self._images.referrers(image.row, subject):
                found.setdefault(one.digest, one)
        return [found[digest] for digest in sorted(found, key=str)]

    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        try:
            super().delete_tag(repository, tag)
        except ManifestUnknown:
            self._delete_image(self._tags.called_now(repository, tag), tag)

    def _manifest_of(
        self, repository: Repository, tag: Tag, found: rows.Tag | Image
    ) -> StoredManifest:
        """The manifest of what a tag means."""
        if isinstance(found, Image) or not _is_pushed_to(repository, found):
            self._hints.add(self._hint(repository), found.row)
            return self._images.manifest(found.row, tag)
        return self._manifests.get(repository, found.digest)

    def _latest(self, repository: Repository) -> list[Image]:
        """Images that were pulled by tags of a repository, and are still called so."""
        hinted = (self._tags.called(row) for row in self._hints.of(self._hint(repository)))
        return [one for one in hinted if one and one.repository == repository.name]

    def _listed(self, repository: Repository) -> list[Image]:
        """Images that were called like tags of the repository when it was last looked."""
        return self._tags.images(repository)

    def _still_called(self, image: Image) -> bool:
        """Whether an image has its name still."""
        return self._tags.called(image.row) == image

    def _called(self, repository: Repository) -> Iterator[Image]:
        """All that are called like tags of a repository, those that were pulled first."""
        latest = self._latest(repository)
        yield from latest
        for image in self._listed(repository):
            if image not in latest and self._still_called(image):
                yield image

    def _known(
        self, images: Iterable[Image], looking: Looking | None = None
    ) -> Iterator[tuple[Image, Known]]:
        """Those of the images which it is known of what is in them; not without end."""
        looking = looking or Looking()
        for image in images:
            if looking.is_over:
                log.warning("too many images are called like %s to look into all", image.name)
                return
            known = None
            # What is wrong with one of them is no reason to refuse others.
            with suppress(*WRONG), looking.one():
                known = self._images.known(image.row)
            if known is not None:
                yield image, known

    def _holders(self, images: Iterable[Image], digest: Digest) -> Iterator[Known]:
        """What of the images has a blob, all of it."""
        return (known for _, known in self._known(images) if self._has(known, digest))

    def _has(self, known: Known, digest: Digest) -> bool:
        with suppress(BlobUnknown, *WRONG):
            return self._copies.trusts(known.owner, digest) and known.blob_size(digest) >= 0
        return False

    def _manifest_of_image(
        self, repository: Repository, digest: Digest, looking: Looking | None = None
    ) -> StoredManifest:
        for image, known in self._known(self._called(repository), looking):
            with suppress(ManifestUnknown, Corrupt):
                known.manifest(digest)
                # All that it refers to has to be there, as by its tag.
                return self._images.manifest(image.row, digest)
        raise ManifestUnknown(detail={"digest": str(digest)})

    def _delete_images(self, repository: Repository, digest: Digest) -> None:
        """Delete the images of the repository that have this manifest. Raises ManifestUnknown."""
        found = [
            image
            for image, known in self._known(self._called(repository))
            if any(one.digest == digest for one in known.manifests())
        ]
        if not found:
            raise ManifestUnknown(detail={"digest": str(digest)})
        own = [image for image in found if image.owner == self._project.ids.project]
        for image in own or found:
            self._delete_image(image, digest)

    def _delete_image(self, image: Image, reference: Tag | Digest) -> None:
        try:
            self._images.delete(image.row, reference)
        finally:
            self._tags.forget(image.name)

    def _adopt(self, repository: Repository, manifest: Manifest, looking: Looking) -> None:
        while self._adopt_some(repository, manifest, looking):
            log.debug("copied some of what %s refers to", manifest.digest)

    def _adopt_some(self, repository: Repository, manifest: Manifest, looking: Looking) -> bool:
        """Copy what is there of the first that are absent; whether any was copied."""
        blobs = set(self.absent_blobs(one.digest for one in manifest.blobs()))
        children = set(
            self.absent_manifests(repository, (one.digest for one in manifest.manifests))
        )
        adopted = self._adopt_blobs(repository, blobs, looking) if blobs else False
        taken = [self._adopt_child_of_image(repository, one, looking) for one in children]
        return adopted or any(taken)

    def _adopt_blobs(self, repository: Repository, blobs: set[Digest], looking: Looking) -> bool:
        """Copy those that images have; whether any was copied."""
        absent = set(blobs)
        for known in [known for _, known in self._known(self._called(repository), looking)]:
            held = [one for one in absent if self._has(known, one)]
            absent -= {one for one in held if self._copied(repository, one, known)}
        return len(absent) < len(blobs)

    def _adopt_child_of_image(
        self, repository: Repository, digest: Digest, looking: Looking
    ) -> bool:
        with suppress(ManifestUnknown, ManifestInvalid):
            stored = self._manifest_of_image(repository, digest, looking)
            child = Manifest.parse(stored.body, stored.media_type, digest.algorithm)
            return self._adopt_manifest(repository, child, looking)
        return False

    def _adopt_manifest(self, repository: Repository, manifest: Manifest, looking: Looking) -> bool:
        self._adopt(repository, manifest, looking)
        if self.absent_blobs(one.digest for one in manifest.blobs()):
            return False
        self.put_manifest(repository, manifest)
        return True

    def _mounted(self, repository: Repository, digest: Digest, known: Known) -> bool:
        with self._copies.turn(patience=0):
            return self._copied(repository, digest, known)

    def _copied(self, repository: Repository, digest: Digest, known: Known) -> bool:
        opened = partial(known.open_blob, digest)
        return self._copies.take(digest, known.owner, opened, self, repository)

    def _hint(self, repository: Repository) -> str:
        return f"{self._project.ids.project} {repository} named"


def _is_pushed_to(repository: Repository, tag: rows.Tag) -> bool:
    """Whether the tag's manifest is the repository's: its owner may have renamed it in Glance."""
    return tag.pushed_as.partition(":")[0] == repository.name
