"""Images that wait for their data, such as Nova's snapshots: a push to their ID fills them.

Nova leaves the formats of a snapshot empty, and copies the properties of the image that the server
was booted from. Formats can be changed while the row is queued only, and one PATCH sets them with
all that is said of the manifest. So a push that comes too late changes nothing any more.
"""

from __future__ import annotations

import hashlib
import logging

from registry_glance.errors import Denied, NameUnknown, Unavailable
from registry_glance.glance.client import Absent, Conflict, Row
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository
from registry_glance.store.glance import rows
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.seen import Seen
from registry_glance.store.glance.writer import Small, Writer

log = logging.getLogger(__name__)

FORMATS = {"container_format": "docker", "disk_format": "raw"}
#: Times that one push looks at the row and tries to fill it.
TRIES = 3


class Queued:
    """One project's images that wait."""

    def __init__(self, project: Project, seen: Seen, writer: Writer) -> None:
        self._project = project
        self._seen = seen
        self._writer = writer

    def check(self, row_id: str) -> None:
        """Raise NameUnknown or Denied if no manifest can be pushed to the image.

        One that was filled by a push may be pushed again.
        """
        row = self._own(row_id)
        if row["status"] != "queued" and self._seen.holder(row) is None:
            raise _not_queued(row)

    def fill(self, row_id: str, manifest: Manifest) -> None:
        """Make the manifest the image's data; one that has this very manifest stays.

        Raises NameUnknown, or Denied if it has another one, or is no longer queued otherwise.
        """
        try:
            self._confirm(self._tried(self._own(row_id), manifest), manifest)
        except Absent:
            raise _unknown(row_id) from None
        finally:
            self._seen.forget(row_id)

    def _tried(self, row: Row, manifest: Manifest) -> Row:
        """The row after it was filled, by us or by others."""
        for _ in range(TRIES):
            if row["status"] != "queued":
                return row
            self._write(row, manifest)
            row = self._own(row["id"])
        return row

    def _write(self, row: Row, manifest: Manifest) -> None:
        """Try it; somebody else may be faster, or take away what is to be removed."""
        try:
            self._describe(row, manifest, FORMATS)
            self._writer.write(row["id"], Small(manifest.body))
        except Conflict as conflict:
            log.info("row %s is being filled by others, too: %s", row["id"], conflict)
        except Denied:
            if self._own(row["id"])["status"] == "queued":
                raise

    def _confirm(self, row: Row, manifest: Manifest) -> None:
        """Of several that push at once, one writes the data; who described it last is another."""
        if row["status"] == "queued":
            raise Unavailable(f"row {row['id']} cannot be filled: it changes all the time")
        if not _holds(row, manifest):
            raise _not_queued(row)
        holder = self._seen.holder(row)
        if holder is None or holder.digest != manifest.digest:
            self._describe(row, manifest)

    def _describe(
        self, row: Row, manifest: Manifest, formats: dict[str, str] | None = None
    ) -> None:
        said = self._project.ids.sealed(
            {"id": row["id"], **rows.image_properties(row["id"], manifest)}
        )
        del said["id"]
        copied = [name for name in row if name.startswith("oci_") and name not in said]
        self._project.update(row["id"], {**(formats or {}), **said}, copied)

    def _own(self, row_id: str) -> Row:
        try:
            row = self._seen.ask(row_id)
        except Absent:
            raise _unknown(row_id) from None
        if not self._seen.is_own(row):
            raise Denied("this image is another project's")
        return row


def _holds(row: Row, manifest: Manifest) -> bool:
    """Whether the row's data is the manifest, whatever its properties say."""
    algorithm = row.get("os_hash_algo")
    if not algorithm or not rows.is_active(row) or row.get("container_format") != "docker":
        return False
    return bool(row.get("os_hash_value") == hashlib.new(algorithm, manifest.body).hexdigest())


def _unknown(row_id: str) -> NameUnknown:
    # In words of our own: on the usual ones docker would try again for 50 s.
    name = str(Repository.of_image(row_id))
    return NameUnknown("no image of your project has this ID", detail={"name": name})


def _not_queued(row: Row) -> Denied:
    return Denied(f"the image is {row['status']}: only a queued one takes a push")
