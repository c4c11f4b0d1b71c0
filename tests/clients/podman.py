"""podman: no engine, its own store."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.clients.client import Unpacker
from tests.clients.program import Program, missing
from tests.clients.pulled import Pulled
from tests.clients.settings import containers_settings


class Podman(Unpacker):
    """podman with a store of its own below `folder`."""

    def __init__(self, folder: Path, registry: str) -> None:
        super().__init__(folder)
        # podman refuses a path of more than 50 characters here.
        self._runroot = TemporaryDirectory(prefix="podman-")
        self.run = Program(
            "podman",
            f"--root={folder}/root",
            f"--runroot={self._runroot.name}",
            f"--tmpdir={folder}/tmp",
            "--storage-driver=vfs",
            "--events-backend=none",
            env=containers_settings(folder, registry),
        )

    @staticmethod
    def obstacle() -> str | None:
        """Why podman cannot be run by this user on this machine, or None."""
        if os.geteuid() != 0:
            return "podman with a store of its own needs root"
        return missing("podman")

    def pull(self, reference: str) -> Pulled:
        self.run("rmi", "--all", "--force")
        self.run("pull", reference)
        facts = json.loads(self.run.output("image", "inspect", reference))[0]
        return Pulled(facts["Digest"], f"sha256:{facts['Id']}", self.files(reference))
