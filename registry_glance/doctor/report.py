"""Findings as text: a line each, and below it what to do."""

from __future__ import annotations

from registry_glance.doctor.finding import Finding

#: Columns of the level and of a check's name.
LEVEL, NAME = 4, 12
INDENT = " " * (LEVEL + 2)


def rendered(name: str, finding: Finding) -> str:
    """`ok|warn|FAIL  name  what was found`, and the remedy's lines, indented."""
    first = f"{finding.level.value:{LEVEL}}  {name:{NAME}}  {printable(finding.found)}"
    return "\n".join([first, *(f"{INDENT}{printable(line)}" for line in finding.remedy)])


def printable(text: str) -> str:
    """The text without what a terminal would obey: it may have come from a server."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
