"""The worker processes of a registry, seen from outside."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tests.registry import RegistryProcess


def workers(registry: RegistryProcess) -> list[int]:
    """Their process ids."""
    task = Path(f"/proc/{registry.pid}/task/{registry.pid}/children")
    return [int(pid) for pid in task.read_text().split()]


def holding(registry: RegistryProcess, name: str, *, locked: bool = False) -> list[int]:
    """Those that have a file open whose name begins so; with `locked`, under a lock of theirs."""
    return [pid for pid in workers(registry) if _holds(pid, name, locked)]


def _holds(pid: int, name: str, locked: bool) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            info = Path(f"/proc/{pid}/fdinfo/{link.name}").read_text()
            if link.readlink().name.startswith(name) and (not locked or "FLOCK" in info):
                return True
    return False
