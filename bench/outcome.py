"""What came out: medians of the runs, and ratios by pair within a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from bench.works.work import Measure

OURS = "ours"


@dataclass(frozen=True)
class Outcome:
    """The values of one measure: of each side, one for each run, in the same order."""

    measure: Measure
    values: dict[str, list[float]] = field(default_factory=dict)

    def median(self, side: str) -> float | None:
        """The side's median; None if it took no part."""
        values = self.values.get(side)
        return median(values) if values else None

    def ratio(self, side: str) -> float | None:
        """How many times as good ours is as another one: the median over the runs."""
        pairs = zip(self.values.get(OURS, ()), self.values.get(side, ()), strict=False)
        ratios = [self._better(ours, theirs) for ours, theirs in pairs]
        return median(ratios) if ratios else None

    @property
    def verdict(self) -> str:
        """Whether the goal is met; nothing where there is none."""
        goal = self.measure.goal
        if goal is None:
            return ""
        ratio = self.ratio(goal.side)
        met = "" if ratio is None else ": met" if ratio >= goal.ratio else ": missed"
        return f"{goal.ratio:g} x {goal.side}{met}"

    def _better(self, ours: float, theirs: float) -> float:
        return ours / theirs if self.measure.more_is_better else theirs / ours
