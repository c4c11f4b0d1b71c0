"""What a registry keeps near, seen and taken away from outside."""

from __future__ import annotations

from pathlib import Path

from tests.faults.behind import Behind


def kept(place: Behind) -> list[Path]:
    """The blobs in its cache."""
    return [path for path in folder(place).glob("*/*/*/*") if path.is_file()]


def chill(place: Behind) -> None:
    """Empty its cache, so that the next read asks Glance."""
    for path in kept(place):
        path.unlink()


def folder(place: Behind) -> Path:
    """Where its whole blobs lie."""
    return place.registry.config.parent / "state" / "cache" / "blobs"
