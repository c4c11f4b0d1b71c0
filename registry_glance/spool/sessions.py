"""Uploads in progress, as far as this machine has seen them.

A session only spares questions to Glance: it can be made again from the upload's rows there, by
any replica. It is written after the rows, so it never promises more than they hold.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from registry_glance.errors import StorageFull, UploadInvalid
from registry_glance.spool.room import room

#: Seconds that a request waits for another one of the same upload.
PATIENCE = 5
#: Seconds after which a session that nobody used is removed.
LIFETIME = 24 * 3600
#: Seconds between two looks for such.
SWEEP_INTERVAL = 3600


@dataclass
class Session:
    """What has arrived of an upload: `offset` bytes, with `digest`, in some pieces.

    `attempts` tells for each piece which of its rows has the bytes. `ended` is empty while the
    upload goes on, else `cancelled` or the digest it was committed as.
    """

    algorithm: str = "sha256"
    offset: int = 0
    digest: str = ""
    state: str | None = None
    attempts: list[int] = field(default_factory=list)
    ended: str = ""


class Sessions:
    """A folder with one file an upload, shared by all workers."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._swept = float("-inf")

    @contextmanager
    def locked(self, upload: str) -> Iterator[None]:
        """Keep other requests of the same upload out. Raises UploadInvalid if they don't end.

        Raises StorageFull.
        """
        with room():
            lock = os.open(self._folder / f"{upload}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(lock)
            yield
        finally:
            os.close(lock)

    def load(self, upload: str) -> Session | None:
        """The session as this machine knows it, or None."""
        try:
            return Session(**json.loads((self._folder / upload).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def save(self, upload: str, session: Session) -> None:
        """Replace what is known of an upload. Raises StorageFull."""
        if time.monotonic() > self._swept + SWEEP_INTERVAL:
            self.sweep()
        new = self._folder / f"{upload}.{os.getpid()}"
        try:
            with room():
                new.write_text(json.dumps(asdict(session)))
                new.replace(self._folder / upload)
        except StorageFull:
            new.unlink(missing_ok=True)
            raise

    def sweep(self) -> None:
        """Remove what nobody used for a day; `save` does so every now and then."""
        self._swept = time.monotonic()
        oldest = time.time() - LIFETIME
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _lock(lock: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise UploadInvalid("another request writes to this upload") from None
            time.sleep(0.02)
