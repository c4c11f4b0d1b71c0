"""Uploads: bytes in, rows of Glance out, and at the end a blob.

    body -> hashed, spooled -> piece full -> row of Glance -> ... -> entry of the blob

All that has arrived when a request is answered is in Glance, so the commit moves no data, and
any replica can go on with what another one began: the rows say offset, digest and hash state.
"""

from __future__ import annotations

from dataclasses import replace

from registry_glance.errors import (
    DigestInvalid,
    SizeInvalid,
    UploadOutOfOrder,
    UploadUnknown,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.spool.sessions import Session
from registry_glance.store.contract import Body
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.intake import Intake
from registry_glance.store.glance.local import Local
from registry_glance.store.glance.pieces import Pieces, PieceTaken
from registry_glance.store.glance.progress import Progress
from registry_glance.store.glance.project import Project
from registry_glance.store.glance.slots import discard
from registry_glance.store.glance.writer import Writer


class Uploads:
    """The uploads of one project."""

    def __init__(self, project: Project, blobs: Blobs, writer: Writer, local: Local) -> None:
        self._project = project
        self._ids = project.ids
        self._blobs = blobs
        self._cache = local.cache
        self._spool = local.spool
        self._sessions = local.sessions
        self._pieces = Pieces(project, local.spool, writer, local.threads)
        self._progress = Progress(project, blobs)

    def create(self, repository: Repository, algorithm: str) -> str:
        """A new upload; Glance hears of it with its first bytes."""
        upload = self._ids.new_upload(repository.name)
        self._sessions.save(upload, Session(algorithm))
        return upload

    def offset(self, repository: Repository, upload: str) -> int:
        """Bytes that have arrived. Raises UploadUnknown."""
        self._check(repository, upload)
        return _running(upload, self._beyond(upload)).offset

    def append(self, repository: Repository, upload: str, body: Body, chunk: Range | None) -> int:
        """See the contract."""
        self._check(repository, upload)
        with self._sessions.locked(upload):
            session = _running(upload, self._ready(upload, chunk))
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
            session = self._sessions.load(upload)
            if session is None or (body is None and session.digest != str(digest)):
                session = self._beyond(upload)
            elif body is not None and not session.ended:
                session = self._ready(upload, chunk)
            if session.ended == str(digest):
                return
            _running(upload, session)
            if session.offset == 0:
                session = replace(session, algorithm=digest.algorithm)
            if body is not None:
                session = self._append(repository, upload, session, body, chunk)
            self._commit(upload, session, digest)

    def cancel(self, repository: Repository, upload: str) -> None:
        """See the contract."""
        self._check(repository, upload)
        with self._sessions.locked(upload):
            self._cancel(upload, _running(upload, self._beyond(upload)))

    def _commit(self, upload: str, session: Session, digest: Digest) -> None:
        if self._digest(upload, session, digest.algorithm) != digest:
            self._cancel(upload, session)
            raise DigestInvalid(detail={"digest": str(digest)})
        ours = self._blobs.add(digest, session.offset, upload, session.attempts)
        if not ours or session.digest != str(digest):
            # The upload's rows will not lead another replica to the blob's entry.
            self._progress.end(upload, str(digest))
        if not ours:
            # The blob was there already: these rows are a second copy.
            self._discard(upload, session)
        self._sessions.save(upload, replace(session, ended=str(digest)))

    def _cancel(self, upload: str, session: Session) -> None:
        self._progress.end(upload, "cancelled")
        self._discard(upload, session)
        self._sessions.save(upload, Session(session.algorithm, ended="cancelled"))

    def _discard(self, upload: str, session: Session) -> None:
        for index, attempt in enumerate(session.attempts):
            self._discard_piece(upload, index, attempt)

    def _discard_piece(self, upload: str, index: int, attempt: int) -> None:
        discard(self._project, self._ids.piece(upload, index, attempt))

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
        except BaseException as error:
            intake.abandon(lambda index, attempt: self._discard_piece(upload, index, attempt))
            if isinstance(error, PieceTaken):
                raise UploadOutOfOrder(self._beyond(upload).offset) from error
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
            for data in self._project.read(self._ids.piece(upload, index, attempt)):
                running.update(data)
        return running

    def _check(self, repository: Repository, upload: str) -> None:
        if not self._ids.is_upload(upload, repository.name):
            raise UploadUnknown(detail={"uuid": upload[:80]})

    def _ready(self, upload: str, chunk: Range | None) -> Session:
        """The session to which a body can be added.

        Glance is not asked about an upload that began here and has no bytes: should another
        replica have got some, the first row is taken, and that is found out in time.
        """
        session = self._sessions.load(upload)
        if session is None or session.offset or (chunk and chunk.start):
            return self._beyond(upload)
        return session

    def _beyond(self, upload: str) -> Session:
        """The session as Glance knows it, with what other replicas have done.

        It is kept: a client that was told an offset goes on there, with or without saying so.
        """
        known = self._sessions.load(upload) or Session()
        session = self._progress.beyond(upload, known)
        if session != known:
            self._sessions.save(upload, session)
        return session


def _running(upload: str, session: Session) -> Session:
    if session.ended:
        raise UploadUnknown(detail={"uuid": upload})
    return session
