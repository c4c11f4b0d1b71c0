"""How far an upload is, as its rows in Glance tell: what any replica can find out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from registry_glance.glance.client import Conflict
from registry_glance.oci.digest import Digest
from registry_glance.spool.sessions import Session
from registry_glance.store.glance import rows
from registry_glance.store.glance.blobs import Blobs
from registry_glance.store.glance.pieces import ATTEMPTS
from registry_glance.store.glance.project import Project

#: With all attempts of each and the mark, 71 IDs: what fits into one question.
PIECES_PER_QUESTION = 7


class Progress:
    """Reads the rows of one project's uploads, and marks the end of those that left nothing."""

    def __init__(self, project: Project, blobs: Blobs) -> None:
        self._project = project
        self._ids = project.ids
        self._blobs = blobs

    def beyond(self, upload: str, session: Session) -> Session:
        """`session` with what other replicas have done since: further pieces, or the end."""
        found = self._further(upload, session)
        while found is not session:
            session, found = found, self._further(upload, found)
        if not session.ended and self._is_blob(upload, session):
            return replace(session, ended=session.digest)
        return session

    def end(self, upload: str, how: str) -> None:
        """Tell all replicas that the upload has ended, where a blob's entry does not tell it."""
        with suppress(Conflict):
            self._project.create(rows.new_end(self._mark(upload), upload, how))

    def _further(self, upload: str, session: Session) -> Session:
        """Go along the next pieces, each of which tells where the one after it begins."""
        first = len(session.attempts)
        places = {
            self._ids.piece(upload, first + number, attempt): (number, attempt)
            for number in range(PIECES_PER_QUESTION)
            for attempt in range(ATTEMPTS)
        }
        found = {row["id"]: row for row in self._project.find([*places, self._mark(upload)])}
        ended = rows.end(found.get(self._mark(upload), {}), upload)
        if ended and not session.ended:
            return replace(session, ended=ended)
        for row_id, (number, attempt) in places.items():
            piece = rows.piece(found.get(row_id, {}), upload)
            expected = len(session.attempts) - first == number
            if piece and expected and piece.offset == session.offset:
                session = _extended(session, attempt, piece)
        return session

    def _is_blob(self, upload: str, session: Session) -> bool:
        """Whether the upload was committed: a blob's entry names just these rows."""
        if session.offset == 0:
            return False
        pieces = tuple(self._ids.piece(upload, *piece) for piece in enumerate(session.attempts))
        return self._blobs.has_rows(Digest.parse(session.digest), pieces)

    def _mark(self, upload: str) -> str:
        return self._ids.row("end", upload)


def _extended(session: Session, attempt: int, piece: rows.Piece) -> Session:
    return Session(
        algorithm=piece.digest.algorithm,
        offset=piece.offset + piece.size,
        digest=str(piece.digest),
        state=piece.state,
        attempts=[*session.attempts, attempt],
    )
