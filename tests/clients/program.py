"""Foreign programs, run to their end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

#: seconds; a client that takes longer is hanging
PATIENCE = 120


class ProgramFailed(AssertionError):
    """A program ended with something else than 0."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.output = (done.stdout + done.stderr).decode(errors="replace")
        super().__init__(f"{' '.join(done.args)}\nended with {done.returncode}:\n{self.output}")


class Program:
    """One program, with the variables it is to see beside our own."""

    def __init__(self, *start: str | Path, env: Mapping[str, str] | None = None) -> None:
        self.start = [str(word) for word in start]
        self.env = {**os.environ, **(env or {})}

    def __call__(self, *words: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> str:
        """Run it; its standard output and errors. Raises ProgramFailed."""
        done = self._run(words, stdin, cwd)
        return (done.stdout + done.stderr).decode()

    def output(self, *words: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> bytes:
        """Run it; its standard output alone. Raises ProgramFailed."""
        return self._run(words, stdin, cwd).stdout

    def refusal(self, *words: str | Path, stdin: bytes = b"") -> str:
        """Run it, expecting it to fail; what it said. Raises AssertionError if it succeeds."""
        try:
            said = self(*words, stdin=stdin)
        except ProgramFailed as failed:
            return failed.output
        raise AssertionError(f"{self.start} {words} succeeded:\n{said}")

    def _run(
        self, words: tuple[str | Path, ...], stdin: bytes, cwd: Path | None
    ) -> subprocess.CompletedProcess[bytes]:
        argv = self.start + [str(word) for word in words]
        done = subprocess.run(
            argv, input=stdin, capture_output=True, env=self.env, cwd=cwd, timeout=PATIENCE
        )
        if done.returncode:
            raise ProgramFailed(done)
        return done


def missing(*names: str) -> str | None:
    """Why the programs cannot be used, or None where all are installed."""
    absent = [name for name in names if not shutil.which(name)]
    return f"not installed: {', '.join(absent)}" if absent else None
