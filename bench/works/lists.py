"""Long lists."""

from __future__ import annotations

from typing import get_args

from bench.connection import Unexpected
from bench.scale import Scale
from bench.sides.side import Listing, Side
from bench.stopwatch import seconds
from bench.works.work import Measure, Work


class Lists(Work):
    """All tags of one repository, and the catalog: after a change, and then again."""

    name = "lists"

    def __init__(self, scale: Scale) -> None:
        self._counts: dict[Listing, int] = {
            "tags": scale.tags,
            "repositories": scale.repositories,
        }
        names = [f"{scale.tags} tags", f"catalog of {scale.repositories}"]
        self.measures = [
            Measure(f"{name}, {when}", "s") for name in names for when in ("after a change", "then")
        ]

    def prepare(self, side: Side) -> None:
        side.publish()
        for listing, count in self._counts.items():
            side.fill(listing, count)

    def run(self, side: Side) -> list[float]:
        return [taken for listing in get_args(Listing) for taken in self._twice(side, listing)]

    def _twice(self, side: Side, listing: Listing) -> list[float]:
        side.change(listing)
        return [seconds(lambda: self._read(side, listing)) for _ in range(2)]

    def _read(self, side: Side, listing: Listing) -> None:
        found = side.count(listing)
        if found < self._counts[listing]:
            raise Unexpected(f"{side.name} lists {found} of {self._counts[listing]} {listing}")
