"""What was found in images that were not pushed: kept beside them, for all replicas.

What an image of Glance holds never changes, so each is looked through once. That nothing can be
made of it is remembered as well.
"""

from __future__ import annotations

import json

from registry_glance.archive import notation
from registry_glance.archive.contents import Contents
from registry_glance.cache.answers import Answers
from registry_glance.errors import ArchiveInvalid, ManifestUnknown
from registry_glance.glance.client import Absent, Row
from registry_glance.oci.digest import Digest
from registry_glance.store.glance import rows
from registry_glance.store.glance.manifests import Manifests
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import Slots, discard
from registry_glance.store.glance.writer import Small, Writer

#: Of the way in which images are looked through: what another one has found counts no more.
VERSION = "1"
KIND = "finding"
REFUSED = "refused"


def found(contents: Contents) -> bytes:
    """A finding: these contents."""
    return notation.dump(contents)


def refused(reason: str) -> bytes:
    """A finding: that no image can be made of it."""
    return json.dumps({REFUSED: reason}).encode()


class Findings:
    """The findings in one project's images."""

    def __init__(
        self,
        project: Project,
        slots: Slots,
        writer: Writer,
        answers: Answers,
        manifests: Manifests,
    ) -> None:
        self._project = project
        self._slots = slots
        self._writer = writer
        self._answers = answers
        self._manifests = manifests

    def of(self, image: str) -> Contents:
        """What was found in an image.

        Raises Absent if nobody has looked yet, ArchiveInvalid if nothing can be made of it.
        """
        row = self._answers.get(_name(image), lambda: self._look_up(image))
        digest = Digest.parse(row["oci_digest"])
        try:
            return _read(self._manifests.body(row["id"], digest))
        except ManifestUnknown:
            self._answers.forget(_name(image))
            raise Absent() from None

    def keep(self, image: str, finding: bytes) -> None:
        """Remember what `found` or `refused` gave; what is remembered already stays."""
        self._slots.create(
            KIND,
            (image, VERSION),
            lambda row_id: rows.new_finding(row_id, image, Digest.of(finding)),
            rows.is_active,
            lambda row_id: self._write(row_id, finding),
        )
        self._answers.forget(_name(image))

    def drop(self, image: str) -> None:
        """Forget what was found in an image that is gone, or that is to be looked through again."""
        for row in self._live(image):
            discard(self._project, row["id"])
        self._answers.forget(_name(image))

    def _write(self, row_id: str, finding: bytes) -> None:
        self._writer.write(row_id, Small(finding))

    def _look_up(self, image: str) -> Row:
        live = self._live(image)
        if not live:
            raise Absent()
        return live[0]

    def _live(self, image: str) -> list[Row]:
        return [row for row in self._slots.find(KIND, image, VERSION) if rows.is_active(row)]


def _read(text: bytes) -> Contents:
    reason = json.loads(text).get(REFUSED)
    if reason is not None:
        raise ArchiveInvalid(reason)
    return notation.load(text)


def _name(image: str) -> str:
    return f"finding {image}"
