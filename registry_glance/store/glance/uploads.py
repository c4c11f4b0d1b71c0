"""Uploads: bytes in, rows of Glance out, and at the end a blob.

    body -> hashed, spooled -> piece full -> row of Glance -> ... -> entry of the blob

All that has arrived when a request is answered is in Glance, so the commit moves no data, and
any replica can go on with what another one began: the rows say offset, digest and hash state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from registry_glance.cache.blobs import BlobCache
from registry_glance.errors import (
    DigestInvalid,
    RegistryError,
    SizeInvalid,
    UploadOutOfOrder,
    UploadUnknown,
)
from registry_glance.glance.client import Glance
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.spool.pieces import Piece, Spool
from registry_glance.spool.sessions import Session, Sessions
from registry_glance.store.contract import Body
from registry_glance.store.glance import rows
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.pieces import PieceWriter, Place
from registry_glance.store.glance.slots import discard

log = logging.getLogger(__name__)

#: Bytes taken from a client at once.
READ_SIZE = 1 << 18
#: Rows that are looked at for the piece at one offset.
ATTEMPTS_SEEN = 4


class Uploads:
    """The uploads of one project."""

    def __init__(
        self,
        glance: Glance,
        ids: Ids,
        blobs: Blobs,
        cache: BlobCache,
        spool: Spool,
        sessions: Sessions,
        writer: PieceWriter,
    ) -> None:
        self._glance = glance
        self._ids = ids
        self._blobs = blobs
        self._cache = cache
        self._spool = spool
        self._sessions = sessions
        self._writer = writer

    def create(self, repository: Repository, algorithm: str) -> str:
        """A new upload; Glance hears of it with its first bytes."""
        upload = self._ids.new_upload(repository.name)
        self._sessions.save(upload, Session(algorithm))
        return upload

    def offset(self, repository: Repository, upload: str) -> int:
        """Bytes that have arrived. Raises UploadUnknown."""
        return self._running(repository, upload).offset

    def append(self, repository: Repository, upload: str, body: Body, chunk: Range | None) -> int:
        """See the contract."""
        self._check(repository, upload)
        with self._sessions.locked(upload):
            session = self._running(repository, upload)
            return self._append(repository, upload, session, body, chunk).offset

    def commit(
        self,
        repository: Repository,
        upload: str,
        digest: Digest,
        body: Body | None,
        chunk: Range | None,
    ) -> None:
        """See the contract."""
        self._check(repository, upload)
        with self._sessions.locked(upload):
            session = self._session(upload)
            if session.ended == str(digest):
                return
            session = self._running(repository, upload)
            if session.offset == 0:
                session = replace(session, algorithm=digest.algorithm)
            if body is not None:
                session = self._append(repository, upload, session, body, chunk)
            self._commit(upload, session, digest)

    def cancel(self, repository: Repository, upload: str) -> None:
        """See the contract."""
        self._check(repository, upload)
        with self._sessions.locked(upload):
            self._end(upload, self._running(repository, upload), "cancelled")

    def _commit(self, upload: str, session: Session, digest: Digest) -> None:
        if self._digest(session, digest.algorithm) != digest:
            self._end(upload, session, "cancelled")
            raise DigestInvalid(detail={"digest": str(digest)})
        if not self._blobs.add(digest, session.offset, session.rows):
            # The blob was there already: these rows are a second copy.
            self._discard(session)
        self._sessions.save(upload, replace(session, ended=str(digest)))

    def _end(self, upload: str, session: Session, how: str) -> None:
        self._discard(session)
        self._sessions.save(upload, Session(session.algorithm, ended=how))

    def _discard(self, session: Session) -> None:
        for row_id, _ in session.rows:
            discard(self._glance, row_id)

    def _digest(self, session: Session, algorithm: str) -> Digest:
        """The digest of all that has arrived; read back only for an algorithm not announced."""
        if session.offset == 0:
            return Digest.of(b"", algorithm)
        if session.algorithm == algorithm:
            return Digest.parse(session.digest)
        return self._read_back(session, algorithm).digest()

    def _append(
        self,
        repository: Repository,
        upload: str,
        session: Session,
        body: Body,
        chunk: Range | None,
    ) -> Session:
        if chunk is not None and chunk.start != session.offset:
            raise UploadOutOfOrder(session.offset)
        intake = Intake(
            self._spool, self._writer, self._hash(session), repository.name, upload, session.offset
        )
        try:
            intake.run(body)
            if chunk is not None and intake.offset != chunk.stop:
                raise SizeInvalid()
        except BaseException:
            intake.abandon(lambda row_id: discard(self._glance, row_id))
            raise
        intake.keep(self._cache)
        session = replace(
            session,
            offset=intake.offset,
            digest=str(intake.running.digest()),
            state=intake.running.state(),
            rows=[*session.rows, *intake.rows],
        )
        self._sessions.save(upload, session)
        return session

    def _hash(self, session: Session) -> RunningHash:
        """The running hash, taken up where the last request left it."""
        if session.offset == 0:
            return RunningHash(session.algorithm)
        resumed = RunningHash.resume(session.algorithm, session.state) if session.state else None
        return resumed or self._read_back(session, session.algorithm)

    def _read_back(self, session: Session, algorithm: str) -> RunningHash:
        running = RunningHash(algorithm)
        for row_id, _ in session.rows:
            for data in self._glance.read(row_id):
                running.update(data)
        return running

    def _check(self, repository: Repository, upload: str) -> None:
        if not self._ids.is_upload(upload, repository.name):
            raise UploadUnknown(detail={"uuid": upload[:80]})

    def _running(self, repository: Repository, upload: str) -> Session:
        self._check(repository, upload)
        session = self._session(upload)
        if session.ended:
            raise UploadUnknown(detail={"uuid": upload})
        return session

    def _session(self, upload: str) -> Session:
        """What this machine knows of an upload, or else what Glance does."""
        session = self._sessions.load(upload)
        return session if session is not None else self._recover(upload)

    def _recover(self, upload: str) -> Session:
        """Walk along the upload's rows, each of which tells where the next one begins."""
        session = Session()
        while (piece := self._piece(upload, session.offset)) is not None and piece.size:
            session = Session(
                algorithm=piece.digest.algorithm,
                offset=piece.offset + piece.size,
                digest=str(piece.digest),
                state=piece.state,
                rows=[*session.rows, (piece.row, piece.size)],
            )
        return session

    def _piece(self, upload: str, offset: int) -> rows.Piece | None:
        ids = [self._writer.row_id(upload, offset, n) for n in range(ATTEMPTS_SEEN)]
        pieces = (rows.piece(row, upload) for row in self._glance.find(ids))
        return next((piece for piece in pieces if piece and piece.offset == offset), None)


class Intake:
    """One request's body on its way: hashed once, spooled, cut into pieces, sent."""

    def __init__(
        self,
        spool: Spool,
        writer: PieceWriter,
        running: RunningHash,
        repository: str,
        upload: str,
        offset: int,
    ) -> None:
        self.running = running
        self.offset = offset
        self.rows: list[tuple[str, int]] = []
        self._spool = spool
        self._writer = writer
        self._repository = repository
        self._upload = upload
        self._first: Piece | None = None
        self._sent: list[tuple[Future[str], int]] = []

    def run(self, body: Body) -> None:
        """Take the whole body; all its pieces are rows of Glance then."""
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
        self.rows = [(future.result(), size) for future, size in self._sent]

    def keep(self, cache: BlobCache) -> None:
        """A body that is one whole piece from the first byte on becomes a cache entry."""
        if self._first is not None:
            piece, self._first = self._first, None
            try:
                cache.adopt(piece.file, self.running.digest())
            except OSError as error:
                log.warning("cannot keep an upload near: %s", error)
            self._spool.drop(piece)

    def abandon(self, discard: Callable[[str], None]) -> None:
        """Drop what was spooled and sent: nothing of this body counts."""
        for future, _ in self._sent:
            if future.cancel():
                continue
            try:
                discard(future.result())
            except RegistryError as error:
                log.info("a piece had failed: %s", error.message)
        if self._first is not None:
            self._spool.drop(self._first)

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
        digest = self.running.digest()
        place = Place(
            self._upload,
            self._repository,
            self.offset - piece.size,
            digest,
            self.running.state(),
        )
        if place.offset == 0:
            piece.knows(digest.algorithm, digest.hex)
        whole = last and place.offset == 0
        if whole:
            self._first = piece
        future = self._writer.submit(piece, place)
        if not whole:
            future.add_done_callback(lambda _: self._spool.drop(piece))
        self._sent.append((future, piece.size))
