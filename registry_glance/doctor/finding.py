"""What a check has found, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is: as it should be, works but should be mended, does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `remedy`: lines to copy, or a line that says what to do."""

    level: Level
    found: str
    remedy: tuple[str, ...] = ()


class Trouble(Exception):
    """A check cannot be carried out; the message, without any secret, is what is told."""

    def __init__(self, found: str, *remedy: str) -> None:
        super().__init__(found)
        self.finding = fail(found, *remedy)


def ok(found: str) -> Finding:
    """Nothing is to be done."""
    return Finding(Level.OK, found)


def warn(found: str, *remedy: str) -> Finding:
    """The registry works, but not as well or as safely as it could."""
    return Finding(Level.WARN, found, remedy)


def fail(found: str, *remedy: str) -> Finding:
    """The registry does not work, or not for everybody."""
    return Finding(Level.FAIL, found, remedy)
