"""Uploads that have begun, remembered on disk: a killed client goes on with them.

Below $XDG_CACHE_HOME/registry-glance/uploads, one file a registry, repository and digest, for the
user alone: an address of an upload can be as good as a password for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository

#: Seconds after which no registry will know an upload any more.
LIFETIME = 7 * 24 * 3600


class Unfinished:
    """The uploads of one user."""

    def __init__(self, folder: Path | None = None) -> None:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        self._folder = folder or Path(cache) / "registry-glance" / "uploads"

    @contextmanager
    def note(self, registry: str, repository: Repository, digest: Digest) -> Iterator[Note]:
        """The note of one upload, held until the end: who comes meanwhile gets an empty one.

        A folder that cannot be written is no reason to fail: then nothing is remembered.
        """
        key = hashlib.sha256(f"{registry}\n{repository}\n{digest}".encode()).hexdigest()
        path = self._folder / key
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._forget_old()
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(path, flags, 0o600)
        except OSError:
            yield Note(None)
            return
        with os.fdopen(file, "r+b", buffering=0):
            if not _is_ours(file, path):
                yield Note(None)
                return
            note = Note(file)
            try:
                yield note
            finally:
                # Before the lock is given up, or another one's note would be removed.
                if not note.location:
                    path.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        for path in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - LIFETIME:
                    path.unlink()


class Note:
    """Where one upload goes on; `file` is None for one that nobody remembers."""

    def __init__(self, file: int | None) -> None:
        self._file = file
        self.location = "" if file is None else _read(file)

    def keep(self, location: str) -> None:
        """Remember it, at once."""
        self.location = location
        if self._file is not None:
            data = json.dumps({"location": location}).encode()
            os.pwrite(self._file, data, 0)
            os.ftruncate(self._file, len(data))

    def forget(self) -> None:
        """There is no such upload any more."""
        self.location = ""


def _is_ours(file: int, path: Path) -> bool:
    """Lock the file; False if somebody else has, or has just removed it, or could read it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen, here = os.fstat(file), path.stat(follow_symlinks=False)
    except OSError:
        return False
    private = seen.st_uid == os.geteuid() and not seen.st_mode & 0o077
    return private and (seen.st_dev, seen.st_ino) == (here.st_dev, here.st_ino)


def _read(file: int) -> str:
    """The location; "" for a note that was never finished."""
    try:
        said = json.loads(os.pread(file, 1 << 16, 0))
    except (OSError, ValueError):
        return ""
    location = said.get("location") if isinstance(said, dict) else None
    return location if isinstance(location, str) else ""
