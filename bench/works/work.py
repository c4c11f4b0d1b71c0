"""What every work has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from bench.sides.side import Side


@dataclass(frozen=True)
class Goal:
    """Ours is to be at least `ratio` times as good as `side`."""

    ratio: float
    side: str


@dataclass(frozen=True)
class Measure:
    """One line of the table."""

    name: str
    unit: str
    more_is_better: bool = False
    goal: Goal | None = None


class Work(ABC):
    """Something to do, which yields one value for each of its measures."""

    name: str
    measures: Sequence[Measure]
    obstacle: str | None = None

    def applies(self, side: Side) -> bool:
        """Whether this side can do it at all."""
        return True

    def prepare(self, side: Side) -> None:  # noqa: B027
        """What is done once, before the first run of any side."""

    @abstractmethod
    def run(self, side: Side) -> Sequence[float]:
        """Do it; the values in the order of `measures`."""

    def finish(self, side: Side) -> None:  # noqa: B027
        """Clean up after the last run."""

    def close(self) -> None:  # noqa: B027
        """Stop what the work itself has started."""
