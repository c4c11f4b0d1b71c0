"""Images that wait for their data, such as Nova's snapshots: a push to their ID fills them.

Nova leaves the formats of a snapshot empty, and copies the properties of the image that the server
was booted from. Formats can be changed while the row is queued only, and one PATCH sets them with
all that is said of the manifest. Glance's PATCH would undo a PUT that it overlaps; so a push makes
a claim on the image first, and none that finds another one's touches the row. See `claims` for how
long that holds. What is PATCHed past the registry while a push fills the row may still harm it.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from registry_glance.errors import Corrupt, Denied, NameUnknown, RegistryError, Unavailable
from registry_glance.glance.client import Absent, Conflict, Row
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository
from registry_glance.store.glance import rows
from registry_glance.store.glance.claims import Claim, Claims
from registry_glance.store.glance.key import key_rows
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.seen import Seen
from registry_glance.store.glance.writer import Small, Writer

log = logging.getLogger(__name__)

FORMATS = {"container_format": "docker", "disk_format": "raw"}
#: Statuses of a row whose data is on its way: it may be this very manifest.
UNDERWAY = ("saving", "uploading")
#: Seconds that a push waits for others to fill the row.
PATIENCE = 8
#: Seconds between two looks at it.
PAUSE = 0.2
#: Times that one claim's data is sent, while nobody knows whether Glance has taken it.
TRIES = 3


class Queued:
    """One project's images that wait."""

    def __init__(self, project: Project, seen: Seen, writer: Writer, claims: Claims) -> None:
        self._project = project
        self._seen = seen
        self._writer = writer
        self._claims = claims

    def check(self, row_id: str) -> None:
        """Raise NameUnknown or Denied if no manifest can be pushed to the image.

        One that was filled by a push may be pushed again.
        """
        row = self._own(row_id)
        if row["status"] not in ("queued", *UNDERWAY) and self._seen.holder(row) is None:
            raise _not_queued(row)

    def fill(self, row_id: str, manifest: Manifest) -> None:
        """Make the manifest the image's data; one that has this very manifest stays.

        Raises NameUnknown; Denied if it has another one, or is no longer queued otherwise;
        Unavailable if others are still filling it after `PATIENCE`.
        """
        deadline = time.monotonic() + PATIENCE
        try:
            while not self._advance(self._own(row_id), manifest):
                if time.monotonic() > deadline:
                    raise Unavailable("others are filling this image, or have died meanwhile")
                time.sleep(PAUSE)
        finally:
            self._seen.forget(row_id)

    def _advance(self, row: Row, manifest: Manifest) -> bool:
        """Whether the image holds the manifest and says so; if not, what can be done is done."""
        if row["status"] == "queued":
            self._fill(row["id"], manifest)
            return False
        if row["status"] in UNDERWAY:
            return False
        if not _holds(row, manifest):
            raise _not_queued(row)
        return self._is_told(row, manifest) or self._tell(row, manifest)

    def _is_told(self, row: Row, manifest: Manifest) -> bool:
        """A description that is true stays, whatever the digest's algorithm."""
        holder = self._seen.holder(row)
        return holder is not None and holder.digest == Digest.of(
            manifest.body, holder.digest.algorithm
        )

    def _tell(self, row: Row, manifest: Manifest) -> bool:
        """Describe a complete row, which stays so; False if it has changed meanwhile."""
        try:
            self._project.update(row["id"], *self._description(row, manifest))
        except (Absent, Conflict):
            return False
        return True

    def _fill(self, row_id: str, manifest: Manifest) -> None:
        """Try it, unless others are at it; the row tells what has become of it."""
        with self._claimed(row_id) as claim:
            if claim is None:
                return
            try:
                if self._prepare(claim, row_id, manifest):
                    self._send(claim, row_id, manifest)
            except (Absent, Conflict, Corrupt, Denied) as error:
                self._check_overlap(self._own(row_id), manifest, error)

    def _prepare(self, claim: Claim, row_id: str, manifest: Manifest) -> bool:
        """Set the formats, and say what the row is going to hold; False if it waits no more."""
        row = self._own(row_id)
        if row["status"] != "queued" or self._is_prepared(row, manifest):
            return bool(row["status"] == "queued")
        claim.check()
        said, copied = self._description(row, manifest)
        try:
            self._project.update_once(row_id, {**FORMATS, **said}, copied)
        except Unavailable:
            # A second one could be overtaken by the first; what the row says now is ours alone.
            if not self._is_prepared(self._own(row_id), manifest):
                raise
        return True

    def _send(self, claim: Claim, row_id: str, manifest: Manifest) -> None:
        """PUT the data; of several PUTs Glance takes one, so they may be repeated."""
        for left in reversed(range(TRIES)):
            try:
                self._writer.write(row_id, Small(manifest.body), claim.check)
                return
            except Unavailable as error:
                if not left:
                    raise
                log.warning("the data of row %s again: %s", row_id, error)
            time.sleep(PAUSE)
            if self._own(row_id)["status"] != "queued":
                return

    def _check_overlap(self, row: Row, manifest: Manifest, error: RegistryError) -> None:
        """Raise the error unless what others do to the row may explain it."""
        denied = isinstance(error, Denied) and row["status"] == "queued"
        corrupt = isinstance(error, Corrupt) and rows.is_active(row) and not _holds(row, manifest)
        if denied or corrupt:
            raise error
        log.info("row %s is being changed by others, too: %s", row["id"], error)

    @contextmanager
    def _claimed(self, row_id: str) -> Iterator[Claim | None]:
        """A claim, given up at the end unless Glance may still be doing what it was told."""
        claim = self._claims.make(row_id)
        certain = True
        try:
            yield claim
        except BaseException as error:
            certain = isinstance(error, RegistryError) and not isinstance(error, Unavailable)
            raise
        finally:
            if claim and certain:
                self._claims.give_up(claim, row_id)

    def _is_prepared(self, row: Row, manifest: Manifest) -> bool:
        said, copied = self._description(row, manifest)
        wanted = {**FORMATS, **said}
        return not copied and all(row.get(name) == text for name, text in wanted.items())

    def _description(self, row: Row, manifest: Manifest) -> tuple[dict[str, object], list[str]]:
        """What the row is to say of the manifest, and the names of what it says beside that."""
        said = self._project.ids.sealed(
            {"id": row["id"], **rows.image_properties(row["id"], manifest)}
        )
        del said["id"]
        return said, [name for name in row if name.startswith("oci_") and name not in said]

    def _own(self, row_id: str) -> Row:
        try:
            row = self._seen.ask(row_id)
        except Absent:
            raise _unknown(row_id) from None
        if not self._seen.is_own(row):
            raise Denied("this image is another project's")
        if self._is_kept(row):
            raise _not_queued(row) if rows.is_active(row) else Denied("the registry keeps this row")
        return row

    def _is_kept(self, row: Row) -> bool:
        """Whether the registry has made the row for itself; most such rows stay queued."""
        ids = self._project.ids
        if row.get("oci_kind") == "key" or row["id"] in key_rows(ids.project):
            return True
        return ids.is_genuine(row) and row.get("oci_kind") != "image"


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
