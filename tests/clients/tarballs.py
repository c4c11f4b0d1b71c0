"""Tar archives from and to dictionaries."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def packed(files: Mapping[str, bytes]) -> bytes:
    """A tar of `files`, the same each time."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return into.getvalue()


def unpacked(tar: bytes) -> dict[str, bytes]:
    """path -> content of the plain files of a tar, compressed or not."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(tar)) as members:
        for entry in members:
            if entry.isreg() and (content := members.extractfile(entry)):
                found[entry.name.removeprefix("./").lstrip("/")] = content.read()
    return found
