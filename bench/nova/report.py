"""The times as a table and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

#: Columns; the fake driver's time is what the docker driver's is compared with.
FAKE, DOCKER, RAW = "fake", "docker", "docker run"
#: The most that a server may take of what it takes with the fake driver.
GOAL = 1.5


@dataclass
class Report:
    """One measurement: seconds by work and column, one for each run."""

    servers: int
    machine: dict[str, str]
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, work: str, column: str, seconds: float) -> None:
        """One value of one run."""
        self.times.setdefault(work, {}).setdefault(column, []).append(seconds)

    @property
    def table(self) -> str:
        """Medians over the runs, and the median of the ratios within each run, in Markdown."""
        head = (f"{self.servers} servers", FAKE, DOCKER, RAW, "docker / fake", f"at most {GOAL}")
        lines = [head, ("---",) * len(head), *(self._line(work) for work in self.times)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    @property
    def facts(self) -> str:
        """What the numbers were taken on and with, in Markdown."""
        return "".join(f"- {name}: {fact}\n" for name, fact in self.machine.items())

    def write(self, folder: Path) -> None:
        """Leave it in `folder`, as JSON with every single value and as Markdown."""
        folder.mkdir(exist_ok=True)
        name = "nova-" + "".join(c for c in self.machine["date"] if c.isdigit())
        (folder / f"{name}.json").write_text(json.dumps(asdict(self), indent=1))
        (folder / f"{name}.md").write_text(f"{self.table}\n{self.facts}")

    def _line(self, work: str) -> tuple[str, ...]:
        columns = self.times[work]
        cells = (_number(columns.get(name)) for name in (FAKE, DOCKER, RAW))
        pairs = zip(columns.get(DOCKER, ()), columns.get(FAKE, ()), strict=False)
        ratios = [ours / theirs for ours, theirs in pairs]
        verdict = ("met" if median(ratios) <= GOAL else "missed") if ratios else ""
        return (work, *cells, _number(ratios), verdict)


def _number(values: list[float] | None) -> str:
    return f"{median(values):.3g}" if values else ""
