"""Pieces of uploads on their way into rows of Glance, few at a time."""

from __future__ import annotations

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from registry_glance.errors import Corrupt, Unavailable
from registry_glance.glance.client import Absent, Conflict, Glance
from registry_glance.oci.digest import Digest
from registry_glance.spool.permits import Permits
from registry_glance.spool.pieces import Piece, Spool
from registry_glance.store.glance import rows
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.slots import discard
from registry_glance.store.glance.verified import write_verified

log = logging.getLogger(__name__)

#: Rows that a piece may burn before an upload is given up.
ATTEMPTS = 8
#: Seconds after which a failed piece is not sent again.
PATIENCE = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece belongs, and the running hash after it."""

    upload: str
    repository: str
    offset: int
    digest: Digest
    state: str | None


class PieceWriter:
    """Sends spooled pieces to Glance; each becomes a row that can be found again."""

    def __init__(self, glance: Glance, ids: Ids, spool: Spool, permits: Permits, puts: int) -> None:
        """At most `puts` pieces are sent at once by this process, and `permits` by all."""
        self._glance = glance
        self._ids = ids
        self._spool = spool
        self._permits = permits
        self._threads = ThreadPoolExecutor(puts, thread_name_prefix="piece")

    def submit(self, piece: Piece, place: Place) -> Future[str]:
        """Send a piece in the background; the result is its row's ID. See `write`."""
        return self._threads.submit(self.write, piece, place)

    def write(self, piece: Piece, place: Place) -> str:
        """Send a piece and return its row's ID; the row then holds exactly these bytes.

        A failure is tried again in another row, from the first byte. Raises Unavailable,
        TooLarge, StorageFull, Denied.
        """
        deadline = time.monotonic() + PATIENCE
        for attempt in range(ATTEMPTS):
            row_id = self.row_id(place.upload, place.offset, attempt)
            try:
                self._write(row_id, piece, place)
                return row_id
            except Conflict:
                log.info("row %s is taken", row_id)
            except (Unavailable, Absent, Corrupt) as error:
                discard(self._glance, row_id)
                if time.monotonic() > deadline:
                    raise Unavailable(f"cannot write a piece: {error.message}") from error
                log.warning("piece at %d failed, again: %s", place.offset, error.message)
        raise Unavailable("Glance takes none of the rows of a piece")

    def row_id(self, upload: str, offset: int, attempt: int) -> str:
        """The row of the piece at `offset`; the first one of all has the upload's own ID."""
        if offset == attempt == 0:
            return upload
        return self._ids.row("piece", upload, str(offset), str(attempt))

    def _write(self, row_id: str, piece: Piece, place: Place) -> None:
        self._glance.create(
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
        with self._permits.one():
            self._put(row_id, piece)

    def _put(self, row_id: str, piece: Piece) -> None:
        self._spool.sending()
        started = time.monotonic()
        try:
            write_verified(self._glance, row_id, piece)
        finally:
            self._spool.sent(piece, time.monotonic() - started)
