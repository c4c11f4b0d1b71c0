"""Registry clients and the conformance program, built from pinned versions of their modules.

They are built once, into .tools/bin at the root of the project, which git ignores.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.clients.program import missing

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "tests/go-tools.txt"
#: seconds; a cold build of the largest takes a minute on two cores
PATIENCE = 600


class ToolUnavailable(Exception):
    """A tool is not built and cannot be built here."""


def tool(name: str) -> Path:
    """The path of a built tool. Raises ToolUnavailable with the reason."""
    version = pinned()[name]
    built = ROOT / ".tools/bin" / f"{name}@{version.rpartition('@')[2]}"
    if not built.exists():
        _build(name, version, built)
    return built


def pinned() -> dict[str, str]:
    """name -> package@version, as tests/go-tools.txt has them."""
    lines = PINNED.read_text().splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def _build(name: str, version: str, built: Path) -> None:
    if reason := missing("go"):
        raise ToolUnavailable(f"{name} is built with Go, which is {reason}")
    built.parent.mkdir(parents=True, exist_ok=True)
    (ROOT / ".tools/.gitignore").write_text("*\n")
    env = {**os.environ, "GOBIN": str(built.parent)}
    done = subprocess.run(
        ["go", "install", version], env=env, capture_output=True, text=True, timeout=PATIENCE
    )
    if done.returncode:
        raise ToolUnavailable(f"{name} was not built: {done.stderr.strip()[-300:]}")
    (built.parent / name).rename(built)


if __name__ == "__main__":
    for wanted in pinned():
        print(tool(wanted))
