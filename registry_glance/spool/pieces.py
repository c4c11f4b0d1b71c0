"""Pieces of uploads on the local disk, and how much of them may lie there."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from registry_glance.spool.room import room

#: Any upload may have this much on the disk, however full the spool is.
FLOOR = 8 << 20
#: Frames in which Glance takes bytes fastest.
FRAME = 64 << 10
#: What waits here must be in Glance within so many seconds, at the speed seen last.
BACKLOG = 8


class Piece:
    """A nameless file: gone when it is closed, even by kill -9.

    Every iteration begins at the first byte, so that a request with it can be repeated.
    """

    def __init__(self, folder: Path) -> None:
        """Raises StorageFull."""
        with room():
            descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
        self.file = os.fdopen(descriptor, "r+b", buffering=0)
        self.size = 0
        self._hashes: dict[str, str] = {}

    def write(self, data: bytes) -> None:
        """Append. Raises StorageFull."""
        with room():
            self.file.write(data)
        self.size += len(data)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        position = 0
        while data := os.pread(self.file.fileno(), FRAME, position):
            position += len(data)
            yield data

    def knows(self, algorithm: str, hexdigest: str) -> None:
        """Spare `hash` the work where the value is known already."""
        self._hashes[algorithm] = hexdigest

    def hash(self, algorithm: str) -> str:
        """The hash of the piece, in hexadecimal digits."""
        if algorithm not in self._hashes:
            self.file.seek(0)
            self._hashes[algorithm] = hashlib.file_digest(self.file, algorithm).hexdigest()
        return self._hashes[algorithm]

    def close(self) -> None:
        """Drop the bytes."""
        self.file.close()


class Spool:
    """The pieces of all uploads of one process.

    At most `limit` bytes lie here, and no more than Glance takes in some seconds; beyond that,
    clients wait. Pieces that are being filled share a third of it, so many uploads have small ones.
    """

    def __init__(self, folder: Path, limit: int, piece_size: int) -> None:
        """`limit` and `piece_size` in bytes; `folder` is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        # A piece is begun while there is room, and what is then being filled comes on top.
        self._most = max(limit * 2 // 3, 2 * FLOOR)
        self._room = self._most
        self._piece_size = piece_size
        self._used = 0
        self._filling = 0
        self._sending = 0
        self._changed = threading.Condition()

    def piece(self, *, wait: bool) -> Piece:
        """A piece to fill. With `wait`, once there is room: for uploads that have pieces here."""
        with self._changed:
            while wait and self._used >= self._room:
                self._changed.wait()
            self._filling += 1
        return Piece(self._folder)

    def grow(self, piece: Piece, data: bytes) -> bool:
        """Append to a piece; True when it is to be sent now. Raises StorageFull."""
        piece.write(data)
        with self._changed:
            self._used += len(data)
            share = max(self._room // (2 * self._filling), FLOOR)
            return piece.size >= min(share, self._piece_size)

    def filled(self) -> None:
        """Tell that a piece is filled no longer."""
        with self._changed:
            self._filling -= 1

    def sending(self) -> None:
        """Tell that a piece is on its way to Glance."""
        with self._changed:
            self._sending += 1

    def sent(self, piece: Piece, seconds: float) -> None:
        """Tell that Glance took a piece in so many seconds; 0 if it did not take it."""
        with self._changed:
            if piece.size >= FLOOR and seconds:
                speed = piece.size / seconds * self._sending
                room = (self._room + int(speed * BACKLOG)) // 2
                self._room = max(min(room, self._most), 2 * FLOOR)
            self._sending -= 1

    def drop(self, piece: Piece) -> None:
        """Give a piece's room back."""
        piece.close()
        with self._changed:
            self._used -= piece.size
            self._changed.notify_all()
