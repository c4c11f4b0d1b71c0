"""One project's store, with what other projects offer it: its own comes first, always."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from registry_glance.errors import (
    BlobUnknown,
    Denied,
    ManifestUnknown,
    NameUnknown,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.spool.permits import Busy
from registry_glance.store.contract import Content, StoredManifest
from registry_glance.store.glance.copies import LARGEST_MOUNT
from registry_glance.store.glance.images import Images
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.named import Looking, NamedStore
from registry_glance.store.glance.naming import Image
from registry_glance.store.glance.offers import Offer, Offers
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.store import GlanceStore
from registry_glance.store.glance.trees import Walk

log = logging.getLogger(__name__)


class SharingStore(NamedStore):
    """A project's repositories, and of those of others what it may pull.

    Whatever is written or deleted is the project's own.
    """

    def __init__(
        self,
        project: Project,
        local: Local,
        images: Images,
        offers: Offers,
        lend: Callable[[str], GlanceStore],
    ) -> None:
        """`lend` is the store of another project, read with the registry's own credentials."""
        super().__init__(project, local, images)
        self._offers = offers
        self._lend = lend

    def blob_size(self, repository: Repository, digest: Digest) -> int:
        try:
            return super().blob_size(repository, digest)
        except BlobUnknown:
            return self._lender_of_blob(repository, digest).blob_size(repository, digest)

    def open_blob(self, repository: Repository, digest: Digest) -> Content:
        try:
            return super().open_blob(repository, digest)
        except BlobUnknown:
            return self._lender_of_blob(repository, digest).open_blob(repository, digest)

    def manifest(self, repository: Repository, reference: Tag | Digest) -> StoredManifest:
        if isinstance(reference, Digest):
            try:
                return super().manifest(repository, reference)
            except ManifestUnknown:
                return self._lent_manifest(repository, reference)
        try:
            found = self._tags.meant(repository, reference)
        except ManifestUnknown:
            return self._offered_manifest(repository, reference)
        # If its manifest is gone, a stranger's is no substitute.
        return self._manifest_of(repository, reference, found)

    def referrers(self, repository: Repository, subject: Digest) -> list[Descriptor]:
        """Of others' referrers those that are offered themselves."""
        found = {one.digest: one for one in super().referrers(repository, subject)}
        for owner in {offer.owner for offer in self._offers.of(repository)}:
            for descriptor in self._lend(owner).referrers(repository, subject):
                with suppress(ManifestUnknown):
                    self._lent_manifest(repository, descriptor.digest)
                    found.setdefault(descriptor.digest, descriptor)
        return [found[digest] for digest in sorted(found, key=str)]

    def tags(self, repository: Repository) -> list[str]:
        prefix = f"{repository}:"
        offered = {name for name in self._offers.names() if name.startswith(prefix)}
        try:
            own = super().tags(repository)
        except NameUnknown:
            if not offered:
                raise
            own = []
        return sorted({*own, *(name.removeprefix(prefix) for name in offered)})

    def repositories(self) -> list[str]:
        offered = {name.partition(":")[0] for name in self._offers.names()}
        return sorted({*super().repositories(), *offered})

    def delete_tag(self, repository: Repository, tag: Tag) -> None:
        try:
            super().delete_tag(repository, tag)
        except ManifestUnknown:
            self._offers.tag(repository, tag)
            raise Denied("this tag is another project's") from None

    def delete_manifest(self, repository: Repository, digest: Digest) -> None:
        try:
            super().delete_manifest(repository, digest)
        except ManifestUnknown:
            self._lent_manifest(repository, digest)
            raise Denied("this manifest is another project's") from None

    def delete_blob(self, repository: Repository, digest: Digest) -> None:
        try:
            super().delete_blob(repository, digest)
        except BlobUnknown:
            self._lender_of_blob(repository, digest)
            raise Denied("this blob is another project's") from None

    def mount(self, repository: Repository, digest: Digest, source: Repository | None) -> bool:
        if super().mount(repository, digest, source):
            return True
        lenders = self._lenders_of_blob(source, digest) if source else ()
        with suppress(Busy, BlobUnknown):
            return any(
                self._mounted_offer(repository, digest, offer, lender)
                for offer, lender in lenders
                if lender.blob_size(repository, digest) <= LARGEST_MOUNT
            )
        return False

    def _latest(self, repository: Repository) -> list[Image]:
        return [*super()._latest(repository), *self._offers.latest_images(repository)]

    def _listed(self, repository: Repository) -> list[Image]:
        own = self._offers.own_images(repository)
        if own is None:
            own = super()._listed(repository)
        return [*own, *self._offers.images(repository)]

    def _still_called(self, image: Image) -> bool:
        if image.owner == self._project.ids.project:
            return super()._still_called(image)
        return self._offers.stands(image)

    def _offered_manifest(self, repository: Repository, tag: Tag) -> StoredManifest:
        offer = self._offers.tag(repository, tag)
        if isinstance(offer, Image):
            return self._images.manifest(offer.row, tag)
        return self._lend(offer.owner).manifest(repository, offer.digest)

    def _mounted_offer(
        self, repository: Repository, digest: Digest, offer: Offer, lender: GlanceStore
    ) -> bool:
        with self._copies.turn(patience=0):
            return self._adopt_blob(repository, digest, offer, lender)

    def _adopt_some(self, repository: Repository, manifest: Manifest, looking: Looking) -> bool:
        offered = self._adopt_offered(repository, manifest, looking)
        return super()._adopt_some(repository, manifest, looking) or offered

    def _adopt_offered(self, repository: Repository, manifest: Manifest, looking: Looking) -> bool:
        """Copy what is offered of the first that are absent; whether any was copied."""
        blobs = set(self.absent_blobs(one.digest for one in manifest.blobs()))
        children = set(
            self.absent_manifests(repository, (one.digest for one in manifest.manifests))
        )
        absent = len(blobs) + len(children)
        if not absent:
            return False
        for offer, lender, lent in self._lent(repository):
            if not (blobs or children):
                break
            wanted = blobs.intersection(one.digest for one in lent.blobs())
            if (wanted or lent.digest in children) and self._offers.stands(offer):
                blobs -= {one for one in wanted if self._adopt_blob(repository, one, offer, lender)}
                if lent.digest in children and self._adopt_manifest(repository, lent, looking):
                    children.discard(lent.digest)
        return len(blobs) + len(children) < absent

    def _adopt_blob(
        self, repository: Repository, digest: Digest, offer: Offer, lender: GlanceStore
    ) -> bool:
        opened = partial(lender.open_blob, repository, digest)
        return self._copies.take(digest, offer.owner, opened, self, repository)

    def _lender_of_blob(self, repository: Repository, digest: Digest) -> GlanceStore:
        """The store of a project that offers a manifest with this blob. Raises BlobUnknown."""
        for _, lender in self._lenders_of_blob(repository, digest):
            return lender
        raise BlobUnknown(detail={"digest": str(digest)})

    def _lenders_of_blob(
        self, repository: Repository, digest: Digest
    ) -> Iterator[tuple[Offer, GlanceStore]]:
        for offer, lender, manifest in self._lent(repository):
            refers = any(one.digest == digest for one in manifest.blobs())
            offered = (
                refers and self._offers.stands(offer) and self._copies.trusts(offer.owner, digest)
            )
            # It may have lost what another one still has.
            if offered and lender.has_bytes(digest):
                yield offer, lender

    def _lent_manifest(self, repository: Repository, digest: Digest) -> StoredManifest:
        """An offered manifest, or one of an offered index. Raises ManifestUnknown."""
        for offer, lender, manifest in self._lent(repository):
            if manifest.digest == digest and self._offers.stands(offer):
                return lender.manifest(repository, digest)
        raise ManifestUnknown(detail={"digest": str(digest)})

    def _lent(self, repository: Repository) -> Iterator[tuple[Offer, GlanceStore, Manifest]]:
        """The manifests that were offered of a repository, and their owners' stores.

        Not without end: anybody can offer any number of them.
        """
        walk = Walk()
        for offer in self._offers.of(repository):
            if walk.is_over:
                log.warning("too much is offered of %s to look at all", repository)
                return
            lender = self._lend(offer.owner)
            for manifest in walk.tree(offer.digest, partial(lender.manifest, repository)):
                yield offer, lender, manifest
