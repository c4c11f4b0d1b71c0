"""Images in Glance that were not pushed: files that were put there, layers, copies of rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from registry_glance.errors import ArchiveInvalid, Denied, ManifestUnknown
from registry_glance.glance.client import Absent, Row
from registry_glance.store.glance.examination import examine
from registry_glance.store.glance.examined import Examined
from registry_glance.store.glance.examiners import Examiners
from registry_glance.store.glance.findings import Finding
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
        keeper = self._keep(_owner(row))
        try:
            return Examined(row, keeper.finding(row["id"]), keeper)
        except Absent:
            words = "no image has this layer" if keeper.is_layer(row) else ""
            raise ManifestUnknown(words, detail={"image": row["id"]}) from None
        except ArchiveInvalid as error:
            raise ManifestUnknown(error.message, detail={"image": row["id"]}) from None

    def whole(self, row: Row) -> Examined:
        """The same with all that its manifests refer to; looked through now if need be.

        Raises Unexamined if that takes long.
        """
        image = self._looked_through(row)
        if image.is_outdated or (image.is_unpacked and not image.is_whole):
            self._steward(image.owner).drop_finding(row["id"])
            image = self._looked_through(row)
        if not image.is_whole:
            raise ManifestUnknown("layers that this image refers to are not there")
        return image

    def _looked_through(self, row: Row) -> Examined:
        keeper = self._keep(_owner(row))
        if row.get("container_format") == "docker" and not self._is_known(row, keeper):
            # Others may fail where he succeeds.
            who = "its owner" if self._is_own(row) else "others"
            name = f"{row['id']} for {who}"
            self._examiners.see_to(name, _owner(row), lambda: self._look(row, keeper))
        return self.known(row)

    def _look(self, row: Row, keeper: GlanceStore) -> None:
        """Look through an image, unless somebody has done it meanwhile."""
        if self._is_known(row, keeper):
            return
        finding = self._examined(row, keeper)
        if finding is not None:
            self._keep_finding(row, keeper, finding)

    def _keep_finding(self, row: Row, keeper: GlanceStore, finding: Finding) -> None:
        """As the caller if it is his image; as the registry if it is not, or he may only read."""
        own = (keeper,) if self._is_own(row) else ()
        for store in (*own, self._steward(_owner(row))):
            with suppress(Denied):
                store.keep_finding(row["id"], finding)
                return
        raise ManifestUnknown("nobody may keep in Glance what was found in this image")

    def _examined(self, row: Row, keeper: GlanceStore) -> Finding | None:
        if keeper.is_layer(row):
            return keeper.layer_finding(row)
        try:
            return examine(row, keeper, unpack=self._is_own(row))
        except Absent:
            raise ManifestUnknown("the image's data is gone") from None

    def _is_own(self, row: Row) -> bool:
        return _owner(row) == self._project

    def _is_known(self, row: Row, keeper: GlanceStore) -> bool:
        try:
            keeper.finding(row["id"])
        except Absent:
            return False
        except ArchiveInvalid:
            pass
        return True


def _owner(row: Row) -> str:
    """The project of an image. Raises ManifestUnknown if it has none."""
    owner = row.get("owner")
    if not owner:
        raise ManifestUnknown("the image belongs to no project")
    return str(owner)
