"""The outcomes as a table, as JSON, and as a page of the documentation."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.outcome import OURS, Outcome

PAGE = Path(__file__).with_name("performance.md")
#: Sides of the table's columns.
SIDES = (OURS, "v3", "2.8", "raw Glance")
HEAD = ("work", "", *SIDES, "ratio to v3", "ratio to Glance", "goal")


@dataclass
class Report:
    """One measurement."""

    machine: dict[str, str]
    runs: int
    quick: bool
    client: dict[str, float]
    outcomes: list[Outcome] = field(default_factory=list)
    #: Work or side -> why it took no part.
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """In Markdown."""
        lines = [HEAD, tuple("---" for _ in HEAD), *(_line(one) for one in self.outcomes)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    @property
    def facts(self) -> str:
        """What the numbers were taken on and with, in Markdown."""
        client = ", ".join(f"{name} {speed:.0f} MB/s" for name, speed in self.client.items())
        facts = {**self.machine, "runs": str(self.runs), "the client alone": client}
        if self.quick:
            facts["scale"] = "quick: these numbers say little"
        skipped = {f"without {name}": reason for name, reason in self.skipped.items()}
        return "".join(f"- {name}: {fact}\n" for name, fact in {**facts, **skipped}.items())

    def write(self, folder: Path) -> None:
        """Leave it in `folder`, as JSON with every single value and as Markdown."""
        folder.mkdir(exist_ok=True)
        name = "".join(c for c in self.machine["date"] if c.isdigit())
        (folder / f"{name}.json").write_text(json.dumps(asdict(self), indent=1))
        (folder / f"{name}.md").write_text(f"{self.table}\n{self.facts}")

    def write_page(self, path: Path) -> None:
        """Write the page about performance."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(PAGE.read_text().format(table=self.table, facts=self.facts))


def _line(outcome: Outcome) -> tuple[str, ...]:
    values = (_number(outcome.median(side)) for side in SIDES)
    ratios = (_number(outcome.ratio(side)) for side in ("v3", "raw Glance"))
    return (outcome.measure.name, outcome.measure.unit, *values, *ratios, outcome.verdict)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
