"""What the conformance program found, read from its junit.xml."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Report:
    """The tests of one run, by how they ended."""

    statuses: Counter[str]
    failed: tuple[str, ...]

    @classmethod
    def read(cls, junit: Path) -> Report:
        """Read the file. Raises FileNotFoundError where the program did not write it."""
        cases = list(ElementTree.parse(junit).iter("testcase"))
        return cls(
            Counter(case.get("status", "error") for case in cases),
            tuple(_name(case) for case in cases if case.get("status") in ("failure", "error")),
        )

    @property
    def is_good(self) -> bool:
        """Whether something was tested and nothing failed."""
        return bool(self.statuses["passed"]) and not self.failed

    def __str__(self) -> str:
        counted = {"passed": "pass", "failure": "fail", "error": "error", "skipped": "skip"}
        return ", ".join(f"{self.statuses[key]} {word}" for key, word in counted.items())


def _name(case: ElementTree.Element) -> str:
    return case.get("name", "").removeprefix("OCI Conformance Test/")
