"""What the conformance program found, read from its junit.xml."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

#: how the program says that a test ended -> what we make of it
OUTCOMES = {"passed": "passed", "failure": "failed", "error": "failed", "skipped": "skipped"}


@dataclass(frozen=True)
class Report:
    """The tests of one run or of several: how many ended how, and which failed."""

    counts: Counter[str]
    failed: tuple[str, ...] = ()

    @classmethod
    def read(cls, junit: Path) -> Report:
        """Read the file. Raises FileNotFoundError where the program did not write it."""
        cases = list(ElementTree.parse(junit).iter("testcase"))
        ends = [OUTCOMES.get(case.get("status", ""), "failed") for case in cases]
        failed = [_name(case) for case, end in zip(cases, ends, strict=True) if end == "failed"]
        return cls(Counter(ends), tuple(failed))

    @property
    def is_good(self) -> bool:
        """Whether something was tested and nothing failed."""
        return self.counts["passed"] > 0 and self.counts["failed"] == 0

    def __add__(self, other: Report) -> Report:
        return Report(self.counts + other.counts, self.failed + other.failed)

    def __str__(self) -> str:
        return ", ".join(f"{self.counts[end]} {end}" for end in ("passed", "failed", "skipped"))


def _name(case: ElementTree.Element) -> str:
    return case.get("name", "").removeprefix("OCI Conformance Test/")
