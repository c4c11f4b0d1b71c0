"""All sides, one work after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.outcome import Outcome
from bench.programs import PROGRAMS, Missing
from bench.sides.distribution import Distribution
from bench.sides.glance import GlanceSide
from bench.sides.ours import Ours
from bench.sides.side import Side
from bench.works.work import Work
from registry_glance.embedded.cloud import Cloud


@contextmanager
def all_sides(folder: Path, skipped: dict[str, str]) -> Iterator[list[Side]]:
    """The sides, started; `skipped` gets those that are not installed, with the reason."""
    cloud = Cloud(folder / "cloud", keystone_port=0, glance_port=0)
    with ExitStack() as stack:
        stack.callback(cloud.stop)
        cloud.start()
        sides: list[Side] = [Ours(cloud, folder / "ours")]
        sides += _distributions(folder, skipped)
        for side in sides:
            stack.callback(side.stop)
            side.start()
        yield [*sides, GlanceSide(cloud)]


def measure(work: Work, sides: Iterable[Side], runs: int) -> list[Outcome]:
    """Let the sides take turns, run by run."""
    taking_part = [side for side in sides if work.applies(side)]
    outcomes = [Outcome(one, {side.name: [] for side in taking_part}) for one in work.measures]
    try:
        for side in taking_part:
            work.prepare(side)
        for run in range(0 if work.obstacle else runs):
            for side in taking_part:
                _say(f"{work.name}, run {run + 1} of {runs}: {side.name}")
                for outcome, value in zip(outcomes, work.run(side), strict=True):
                    outcome.values[side.name].append(value)
        for side in taking_part:
            work.finish(side)
    finally:
        work.close()
    return outcomes


def _distributions(folder: Path, skipped: dict[str, str]) -> Iterator[Side]:
    for name, find in PROGRAMS.items():
        try:
            yield Distribution(name, find(), folder / name)
        except Missing as reason:
            skipped[name] = str(reason)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
