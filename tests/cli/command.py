"""registry-glance as a user runs it: with a home of his own, and a registry in the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients.program import PATIENCE, Program


class Command(Program):
    """`registry-glance` for the registry at `address`; nothing of the real user's is seen."""

    def __init__(self, home: Path, address: str, **env: str) -> None:
        super().__init__(sys.executable, "-m", "registry_glance")
        own = {name: text for name, text in os.environ.items() if not name.startswith("OS_")}
        self.home = home
        self.env = {
            **own,
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "DOCKER_CONFIG": str(home / "docker"),
            "REGISTRY_GLANCE_REGISTRY": address,
            "PYTHONPATH": os.getcwd(),
            "TMPDIR": str(home),
            **env,
        }

    def json(self, *words: str | Path, stdin: bytes = b"") -> Any:
        """What it says with --json. Raises ProgramFailed."""
        return json.loads(self.output(*words, "--json", stdin=stdin))

    def failure(self, *words: str | Path, stdin: bytes = b"") -> Failure:
        """What it says with --json when it fails. Raises AssertionError if it does not."""
        done = subprocess.run(
            [*self.start, *map(str, words), "--json"],
            input=stdin,
            capture_output=True,
            env=self.env,
            timeout=PATIENCE,
        )
        assert done.returncode, done.stdout
        return Failure(done.returncode, json.loads(done.stdout)["error"], done.stderr.decode())

    def start_process(self, *words: str | Path) -> subprocess.Popen[bytes]:
        """Run it beside the test."""
        # Shells have what they start in the background ignore Ctrl-C, and the tests with it.
        argv = ["env", "--default-signal=INT", *self.start, *map(str, words)]
        return subprocess.Popen(
            argv, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )


class Failure:
    """How a command has failed."""

    def __init__(self, exit_code: int, error: dict[str, Any], said: str) -> None:
        self.exit_code = exit_code
        self.error = error
        self.said = said

    @property
    def code(self) -> str:
        return str(self.error["code"])
