"""How much is done in one run."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Scale:
    """Sizes in bytes, times in seconds, the rest are counts."""

    large: int = 1024 * MIB
    medium: int = 64 * MIB
    layer: int = 50 * 10**6
    layers: int = 5
    small_blobs: int = 200
    tags: int = 5000
    repositories: int = 1000
    requests: float = 4.0


FULL = Scale()
#: To see that everything works; its numbers say little.
QUICK = Scale(
    large=64 * MIB,
    medium=16 * MIB,
    layer=5 * 10**6,
    small_blobs=20,
    tags=500,
    repositories=100,
    requests=1.0,
)
