"""One request's body on its way: hashed once, spooled, cut into pieces, sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

from registry_glance.cache.blobs import BlobCache
from registry_glance.errors import RegistryError
from registry_glance.oci.hashing import RunningHash
from registry_glance.spool.pieces import Piece, Spool
from registry_glance.store.contract import Body
from registry_glance.store.glance.pieces import Pieces, Place

log = logging.getLogger(__name__)

#: Bytes taken from a client at once.
READ_SIZE = 1 << 18


class Intake:
    """Takes one body, which goes on where an upload stands. To be used once."""

    def __init__(
        self,
        spool: Spool,
        pieces: Pieces,
        running: RunningHash,
        repository: str,
        upload: str,
        offset: int,
        index: int,
    ) -> None:
        """`offset` bytes have come before, in `index` pieces; `running` has hashed them."""
        self.running = running
        self.offset = offset
        self._index = index
        self._spool = spool
        self._pieces = pieces
        self._repository = repository
        self._upload = upload
        self._whole: Piece | None = None
        self._sent: list[Future[int]] = []

    def run(self, body: Body) -> list[int]:
        """Take the whole body; all its pieces are rows of Glance then, of these attempts."""
        more = True
        while more:
            piece = self._spool.piece(wait=bool(self._sent))
            try:
                more = self._fill(piece, body)
            except BaseException:
                self._spool.filled()
                self._spool.drop(piece)
                raise
            self._spool.filled()
            self._send(piece, last=not more)
        return [future.result() for future in self._sent]

    def keep(self, cache: BlobCache) -> None:
        """A body that is one whole piece from the first byte on becomes a cache entry."""
        if self._whole is not None:
            piece, self._whole = self._whole, None
            try:
                cache.adopt(piece.file, self.running.digest())
            except OSError as error:
                log.warning("cannot keep an upload near: %s", error)
            self._spool.drop(piece)

    def abandon(self, discard: Callable[[int, int], None]) -> None:
        """Drop what was spooled and sent; `discard` is given the index and attempt of pieces."""
        first = self._index - len(self._sent)
        for index, future in enumerate(self._sent, first):
            if not future.cancel():
                try:
                    discard(index, future.result())
                except RegistryError as error:
                    log.info("a piece had failed: %s", error.message)
        if self._whole is not None:
            self._spool.drop(self._whole)

    def _fill(self, piece: Piece, body: Body) -> bool:
        """Read until the piece is full; False at the end of the body."""
        while data := body.read(READ_SIZE):
            self.running.update(data)
            self.offset += len(data)
            if self._spool.grow(piece, data):
                return True
        return False

    def _send(self, piece: Piece, *, last: bool) -> None:
        if piece.size == 0:
            self._spool.drop(piece)
            return
        place = self._place(piece)
        whole = last and place.offset == 0
        if place.offset == 0:
            piece.knows(place.digest.algorithm, place.digest.hex)
        if whole:
            self._whole = piece
        future = self._pieces.submit(piece, place)
        if not whole:
            future.add_done_callback(lambda _: self._spool.drop(piece))
        self._sent.append(future)
        self._index += 1

    def _place(self, piece: Piece) -> Place:
        return Place(
            self._upload,
            self._repository,
            self._index,
            self.offset - piece.size,
            self.running.digest(),
            self.running.state(),
        )
