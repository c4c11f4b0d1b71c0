"""What is measured, in the order in which it is done."""

from __future__ import annotations

from pathlib import Path

from bench.scale import Scale
from bench.works.docker import Images
from bench.works.lists import Lists
from bench.works.memory import Memory
from bench.works.pull import Pulls
from bench.works.push import Pushes
from bench.works.rates import Rates
from bench.works.small import SmallBlobs
from bench.works.work import Work


def every(scale: Scale, folder: Path) -> list[Work]:
    """All works; the lists come last, for their rows make Glance slower."""
    return [
        Pushes(scale),
        Pulls(scale),
        SmallBlobs(scale),
        Rates(scale),
        Memory(scale),
        Images(scale, folder),
        Lists(scale),
    ]
