"""Pieces of uploads on their way into rows of Glance."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from registry_glance.errors import Corrupt, RegistryError, Unavailable
from registry_glance.glance.client import Absent, Conflict
from registry_glance.oci.digest import Digest
from registry_glance.spool.pieces import Piece, Spool
from registry_glance.store.glance import rows
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import discard
from registry_glance.store.glance.writer import Writer

log = logging.getLogger(__name__)

#: Rows that a piece may burn before an upload is given up; one digit tells which it was.
ATTEMPTS = 10
#: Seconds after which a failed piece is not sent again.
PATIENCE = 8
#: Seconds before the second try; doubled for each further one.
FIRST_PAUSE = 0.1


class PieceTaken(RegistryError):
    """The upload has a piece here already: another replica has taken bytes meanwhile."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece belongs, and the running hash after it."""

    upload: str
    repository: str
    index: int
    offset: int
    digest: Digest
    state: str | None


class Pieces:
    """Sends spooled pieces to Glance; each becomes a row that can be found again."""

    def __init__(
        self, project: Project, spool: Spool, writer: Writer, threads: ThreadPoolExecutor
    ) -> None:
        """`threads` send, as many at once as they are."""
        self._project = project
        self._ids = project.ids
        self._spool = spool
        self._writer = writer
        self._threads = threads

    def submit(self, piece: Piece, place: Place) -> Future[int]:
        """Send a piece in the background; see `send`."""
        return self._threads.submit(self.send, piece, place)

    def send(self, piece: Piece, place: Place) -> int:
        """Send a piece; the result says which attempt's row holds exactly these bytes.

        A failure is tried again in another row, from the first byte. Raises Unavailable,
        TooLarge, StorageFull, Denied, PieceTaken.
        """
        deadline, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
        for attempt in range(ATTEMPTS):
            row_id = self._ids.piece(place.upload, place.index, attempt)
            try:
                self._send(row_id, piece, place)
                return attempt
            except Conflict:
                self._check_taken(row_id, place.upload)
            except (Unavailable, Absent, Corrupt) as error:
                discard(self._project, row_id)
                if time.monotonic() + pause > deadline:
                    raise Unavailable(f"cannot write a piece: {error.message}") from error
                log.warning("piece at %d failed, again: %s", place.offset, error.message)
                time.sleep(pause)
                pause *= 2
            except RegistryError:
                discard(self._project, row_id)
                raise
        raise Unavailable("Glance takes none of the rows of a piece")

    def _check_taken(self, row_id: str, upload: str) -> None:
        """A row that failed is burnt, and the next one is tried; a whole piece is not ours."""
        if any(rows.piece(row, upload) for row in self._project.find([row_id])):
            raise PieceTaken()

    def _send(self, row_id: str, piece: Piece, place: Place) -> None:
        self._project.create(
            rows.new_piece(
                row_id,
                place.upload,
                place.repository,
                place.offset,
                piece.size,
                place.digest,
                place.state or "",
            )
        )
        self._spool.sending()
        seconds = 0.0
        try:
            seconds = self._writer.write(row_id, piece)
        finally:
            self._spool.sent(piece, seconds)
