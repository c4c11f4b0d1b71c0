"""A file that has its name only when it is complete."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from registry_glance.client.errors import Usage


@contextmanager
def partial(path: Path) -> Iterator[BinaryIO]:
    """`path`.part, with what an earlier try has left in it; afterwards it is `path`.

    If something is raised it stays, for the next try. Raises Usage where no file can be put,
    OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise Usage(f"{path} is no file; `-` is standard output")
    part = path.with_name(f"{path.name}.part")
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(part, flags, 0o666), "r+b") as file:
        if not _is_ours(file.fileno(), part):
            raise Usage(f"another one writes {part}")
        yield file
        file.flush()
        os.fsync(file.fileno())
        # While the lock is held: nobody else may take the complete file for a part.
        part.replace(path)


def _is_ours(file: int, part: Path) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file), part.stat())
    except OSError:
        return False
