"""Uploads: bytes in, rows of Glance out, and at the end a blob.

    body -> hashed, spooled -> piece full -> row of Glance -> ... -> entry of the blob

All that has arrived when a request is answered is in Glance, so the commit moves no data, and
any replica can go on with what another one began: the rows say offset, digest and hash state.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from registry_glance.cache.blobs import BlobCache
from registry_glance.errors import (
    DigestInvalid,
    SizeInvalid,
    UploadOutOfOrder,
    UploadUnknown,
)
from registry_glance.glance.client import Glance
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.spool.pieces import Spool
from registry_glance.spool.sessions import Session, Sessions
from registry_glance.store.contract import Body
from registry_glance.store.glance import rows
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.ids import Ids
from registry_glance.store.glance.intake import Intake
from registry_glance.store.glance.pieces import ATTEMPTS, Pieces
from registry_glance.store.glance.slots import discard

#: With all attempts of each, 80 IDs: what fits into one question.
PIECES_PER_QUESTION = 8


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
        pieces: Pieces,
    ) -> None:
        self._glance = glance
        self._ids = ids
        self._blobs = blobs
        self._cache = cache
        self._spool = spool
        self._sessions = sessions
        self._pieces = pieces

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
        if self._digest(upload, session, digest.algorithm) != digest:
            self._end(upload, session, "cancelled")
            raise DigestInvalid(detail={"digest": str(digest)})
        if not self._blobs.add(digest, session.offset, upload, session.attempts):
            # The blob was there already: these rows are a second copy.
            self._discard(upload, session)
        self._sessions.save(upload, replace(session, ended=str(digest)))

    def _end(self, upload: str, session: Session, how: str) -> None:
        self._discard(upload, session)
        self._sessions.save(upload, Session(session.algorithm, ended=how))

    def _discard(self, upload: str, session: Session) -> None:
        for index, attempt in enumerate(session.attempts):
            self._discard_piece(upload, index, attempt)

    def _discard_piece(self, upload: str, index: int, attempt: int) -> None:
        discard(self._glance, self._ids.piece(upload, index, attempt))

    def _digest(self, upload: str, session: Session, algorithm: str) -> Digest:
        """The digest of all that has arrived; read back only for an algorithm not announced."""
        if session.offset == 0:
            return Digest.of(b"", algorithm)
        if session.algorithm == algorithm:
            return Digest.parse(session.digest)
        return self._read_back(upload, session, algorithm).digest()

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
            self._spool,
            self._pieces,
            self._hash(upload, session),
            repository.name,
            upload,
            session.offset,
            len(session.attempts),
        )
        try:
            attempts = intake.run(body)
            if chunk is not None and intake.offset != chunk.stop:
                raise SizeInvalid()
        except BaseException:
            intake.abandon(lambda index, attempt: self._discard_piece(upload, index, attempt))
            raise
        intake.keep(self._cache)
        session = replace(
            session,
            offset=intake.offset,
            digest=str(intake.running.digest()),
            state=intake.running.state(),
            attempts=[*session.attempts, *attempts],
        )
        self._sessions.save(upload, session)
        return session

    def _hash(self, upload: str, session: Session) -> RunningHash:
        """The running hash, taken up where the last request left it."""
        if session.offset == 0:
            return RunningHash(session.algorithm)
        resumed = RunningHash.resume(session.algorithm, session.state) if session.state else None
        return resumed or self._read_back(upload, session, session.algorithm)

    def _read_back(self, upload: str, session: Session, algorithm: str) -> RunningHash:
        running = RunningHash(algorithm)
        for index, attempt in enumerate(session.attempts):
            for data in self._glance.read(self._ids.piece(upload, index, attempt)):
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
        for first in count(step=PIECES_PER_QUESTION):
            pieces = self._found(upload, range(first, first + PIECES_PER_QUESTION))
            for index in range(first, first + PIECES_PER_QUESTION):
                here = [p for p in pieces.get(index, ()) if p[1].offset == session.offset]
                if not here:
                    return session
                session = _extended(session, *here[0])
        raise AssertionError("unreachable")

    def _found(self, upload: str, indices: range) -> dict[int, list[tuple[int, rows.Piece]]]:
        """The complete pieces with these indices, each with the attempt that it is."""
        places = {
            self._ids.piece(upload, index, attempt): (index, attempt)
            for index in indices
            for attempt in range(ATTEMPTS)
        }
        found: dict[int, list[tuple[int, rows.Piece]]] = {}
        for row in self._glance.find(list(places)):
            index, attempt = places[row["id"]]
            if piece := rows.piece(row, upload):
                found.setdefault(index, []).append((attempt, piece))
        return found


def _extended(session: Session, attempt: int, piece: rows.Piece) -> Session:
    return Session(
        algorithm=piece.digest.algorithm,
        offset=piece.offset + piece.size,
        digest=str(piece.digest),
        state=piece.state,
        attempts=[*session.attempts, attempt],
    )
