"""Blobs on the local disk, named by digest, bounded in size, least recently used out first.

    blobs/PROJECT/sha256/ab/abcd...     whole and verified; never changed, only removed
    partial/sha256-abcd...-PROJECT      being fetched by the one process that holds its lock

A file gets its name under `blobs/` only after its bytes were hashed, so whatever is found there
can be sent. Removing a file that is being read is harmless.

Each project has its own files: were they shared, how fast a blob comes, or that it comes at all,
would tell a project what others have; and one could spoil what others are just fetching.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from registry_glance.oci.digest import Digest

log = logging.getLogger(__name__)

#: Permissions of a file whose bytes were hashed; one that is being fetched has 0600.
VERIFIED = 0o440
#: Share of the limit that a clean-up leaves.
LOW_WATER = 0.9
#: Share of the limit that one process may add before it looks at the folder again.
STEP = 0.02
#: Seconds in which a file's time of use is not written again.
TOUCH_INTERVAL = 60


class _File(NamedTuple):
    used: float
    size: int
    path: Path


class _Room:
    """Bytes added since the folder was looked at last."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.added = 0


class BlobCache:
    """A folder of verified blobs. Safe for use by many threads and processes."""

    def __init__(self, root: Path, limit: int) -> None:
        """Keep at most `limit` bytes below `root`, give or take what is written right now."""
        self.limit = limit
        self.partial = root / "partial"
        self._blobs = root / "blobs"
        for folder in (self.partial, self._blobs):
            folder.mkdir(parents=True, exist_ok=True)
        self._room = _Room()
        self._project = "none"

    def of(self, project: str) -> BlobCache:
        """The files of one project, in the same room. `project` is a name without slashes."""
        scoped = copy.copy(self)
        scoped._project = project
        return scoped

    def path(self, digest: Digest) -> Path:
        """Where the blob lies if it is here."""
        return self._blobs / self._project / digest.algorithm / digest.hex[:2] / digest.hex

    def partial_path(self, digest: Digest) -> Path:
        """Where it lies while it is fetched."""
        return self.partial / f"{digest.algorithm}-{digest.hex}-{self._project}"

    def open(self, digest: Digest) -> BinaryIO | None:
        """The blob, whole and verified, or None."""
        try:
            file = self.path(digest).open("rb")
        except FileNotFoundError:
            return None
        if time.time() - os.fstat(file.fileno()).st_mtime > TOUCH_INTERVAL:
            with suppress(OSError):
                os.utime(file.fileno())
        return file

    def read(self, digest: Digest) -> bytes | None:
        """All bytes of a small blob, or None."""
        file = self.open(digest)
        if file is None:
            return None
        with file:
            return file.read()

    def adopt(self, file: BinaryIO, digest: Digest) -> None:
        """Give an open file, even a nameless one, its place: its bytes have this digest."""
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        size = os.fstat(file.fileno()).st_size
        os.fchmod(file.fileno(), VERIFIED)
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # linkat follows the link in /proc only when a folder is given.
            os.link(f"/proc/self/fd/{file.fileno()}", target.name, dst_dir_fd=folder)
        except FileExistsError:
            return
        finally:
            os.close(folder)
        self.make_room(size)

    def add(self, data: bytes, digest: Digest) -> None:
        """Keep a small blob; a full disk is no error."""
        try:
            descriptor = os.open(self.partial, os.O_TMPFILE | os.O_RDWR, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                self.adopt(file, digest)
        except OSError as error:
            log.warning("cannot keep %s near: %s", digest, error)

    def make_room(self, added: int) -> None:
        """Tell that `added` bytes came; remove what was not used for longest if need be."""
        with self._room.lock:
            self._room.added += added
            if self._room.added < self.limit * STEP:
                return
            self._room.added = 0
        self._evict()

    def _evict(self) -> None:
        files = sorted(self._files())
        total = sum(file.size for file in files)
        if total <= self.limit:
            return
        for file in files:
            if total <= self.limit * LOW_WATER:
                return
            file.path.unlink(missing_ok=True)
            total -= file.size

    def _files(self) -> list[_File]:
        files = []
        for path in self._blobs.glob("*/*/*/*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                files.append(_File(status.st_mtime, status.st_size, path))
        return files
