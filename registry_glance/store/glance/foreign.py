"""Images in Glance that were not pushed: files that were put there, layers, copies of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from registry_glance.errors import ArchiveInvalid, Denied, ManifestUnknown
from registry_glance.glance.client import Absent, Row
from registry_glance.store.glance.examination import examine
from registry_glance.store.glance.examined import Examined
from registry_glance.store.glance.examiners import Examiners
from registry_glance.store.glance.store import GlanceStore

Keep = Callable[[str], GlanceStore]


class Foreign:
    """What such images hold, as somebody of a project sees them. Each is looked through once."""

    def __init__(self, project: str, keep: Keep, steward: Keep, examiners: Examiners) -> None:
        """`keep` is the store of a project, by its ID, as the caller may use it.

        `steward` is one in which the registry writes in the project's name, with its own
        credentials: who may only read has an image looked through, too.
        """
        self._project = project
        self._keep = keep
        self._steward = steward
        self._examiners = examiners

    def known(self, row: Row) -> Examined:
        """The image in a row that the caller was shown, if it was looked through already.

        Raises ManifestUnknown, with the reason if nothing can be made of it.
        """
        if row.get("container_format") != "docker":
            raise ManifestUnknown("the image's container_format in Glance is not docker")
        keeper = self._keep(str(row["owner"]))
        try:
            return Examined(row, keeper.finding(row["id"]), keeper)
        except Absent:
            raise ManifestUnknown(detail={"image": row["id"]}) from None
        except ArchiveInvalid as error:
            raise ManifestUnknown(error.message, detail={"image": row["id"]}) from None

    def whole(self, row: Row) -> Examined:
        """The same with all that its manifests refer to; looked through now if need be.

        Raises Unexamined if that takes long.
        """
        image = self._looked_through(row)
        if self._is_whole(image):
            return image
        self._steward(image.owner).drop_finding(row["id"])
        image = self._looked_through(row)
        if not self._is_whole(image):
            raise ManifestUnknown("layers that this image refers to are not there")
        return image

    def _looked_through(self, row: Row) -> Examined:
        keeper = self._keep(str(row["owner"]))
        if not self._is_known(row, keeper):
            self._examiners.see_to(row["id"], lambda: self._look(row, keeper))
        return self.known(row)

    def _is_whole(self, image: Examined) -> bool:
        return not self._keep(image.owner).absent_blobs(image.borrowed())

    def _look(self, row: Row, keeper: GlanceStore) -> None:
        """Look through an image, unless somebody has done it meanwhile."""
        if self._is_known(row, keeper):
            return
        finding = None
        for store in self._writable(row, keeper):
            with suppress(Denied):
                finding = finding or examine(row, store)
                store.keep_finding(row["id"], finding)
                return
        raise Denied("what is in this image cannot be kept: its owner has to pull it once")

    def _is_known(self, row: Row, keeper: GlanceStore) -> bool:
        try:
            keeper.finding(row["id"])
        except Absent:
            return False
        except ArchiveInvalid:
            pass
        return True

    def _writable(self, row: Row, keeper: GlanceStore) -> Iterator[GlanceStore]:
        """The owner's store, as himself if he asks: then it is his quota that counts."""
        if row["owner"] == self._project:
            yield keeper
        yield self._steward(str(row["owner"]))
