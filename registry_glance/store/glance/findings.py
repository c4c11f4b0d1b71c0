"""What was found in images that were not pushed: kept beside them, for all replicas.

What an image of Glance holds never changes, so each is looked through once. That nothing can be
made of it is remembered as well.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from registry_glance.archive import notation
from registry_glance.archive.contents import Contents
from registry_glance.cache.answers import Answers
from registry_glance.errors import ArchiveInvalid, Corrupt, ManifestUnknown
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
NOTHING = Contents()


@dataclass(frozen=True, slots=True)
class Finding:
    """What an image holds, or why no image can be made of it (`refused`).

    `source` is the row of the manifest that a layer's image was cut from. `machine` is that of who
    has looked, in Go's words: a file system that does not say it is meant for such.
    """

    contents: Contents = NOTHING
    refused: str = ""
    source: str = ""
    machine: str = ""

    def dump(self) -> bytes:
        """As JSON."""
        return json.dumps(
            {
                "contents": notation.dump(self.contents).decode(),
                "refused": self.refused,
                "source": self.source,
                "machine": self.machine,
            }
        ).encode()

    @classmethod
    def load(cls, text: bytes) -> Finding:
        """What was dumped."""
        value = json.loads(text)
        contents = notation.load(value["contents"].encode())
        return cls(contents, value["refused"], value["source"], value["machine"])


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

    def of(self, image: str) -> Finding:
        """What was found in an image.

        Raises Absent if nobody has looked yet, ArchiveInvalid if nothing can be made of it.
        """
        row = self._answers.get(_name(image), lambda: self._look_up(image))
        try:
            text = self._manifests.body(row["id"], Digest.parse(row["oci_digest"]))
        except ManifestUnknown:
            self._answers.forget(_name(image))
            raise Absent() from None
        except Corrupt:
            raise ArchiveInvalid("what was found in this image was changed in Glance") from None
        finding = Finding.load(text)
        if finding.refused:
            raise ArchiveInvalid(finding.refused)
        return finding

    def keep(self, image: str, finding: Finding) -> None:
        """Remember what was found; what is remembered already stays."""
        text = finding.dump()
        self._slots.create(
            KIND,
            (image, VERSION),
            lambda row_id: rows.new_finding(row_id, image, Digest.of(text)),
            rows.is_active,
            lambda row_id: self._write(row_id, text),
        )
        self._answers.forget(_name(image))

    def drop(self, image: str) -> None:
        """Forget what was found in an image that is gone, or that is to be looked through again."""
        for row in self._live(image):
            discard(self._project, row["id"])
        self._answers.forget(_name(image))

    def has_source(self, finding: Finding) -> bool:
        """Whether the manifest that an image was cut from is still there."""
        return not finding.source or self._answers.get(
            f"source {finding.source}", lambda: self._is_active(finding.source)
        )

    def _is_active(self, row_id: str) -> bool:
        try:
            return rows.is_active(self._project.get(row_id))
        except Absent:
            return False

    def _write(self, row_id: str, text: bytes) -> None:
        self._writer.write(row_id, Small(text))

    def _look_up(self, image: str) -> Row:
        live = self._live(image)
        if not live:
            raise Absent()
        return live[0]

    def _live(self, image: str) -> list[Row]:
        return [row for row in self._slots.find(KIND, image, VERSION) if rows.is_active(row)]


def _name(image: str) -> str:
    return f"finding {image}"
