"""docker: a command line and an engine."""

from __future__ import annotations

import json
from pathlib import Path

from tests.clients.client import Unpacker
from tests.clients.engine import Engine
from tests.clients.pulled import Pulled


class Docker(Unpacker):
    """The engine of the tests, as a client of a registry."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        super().__init__(folder)
        self.run = engine.client(folder / "config")

    def pull(self, reference: str) -> Pulled:
        self.forget(reference)
        self.run("pull", reference)
        facts = json.loads(self.run.output("image", "inspect", reference))[0]
        manifest = facts["RepoDigests"][0].partition("@")[2]
        return Pulled(manifest, facts["Id"], self.files(reference))

    def forget(self, reference: str) -> None:
        """Remove the image of that name, with all its names."""
        image = self.run.output("image", "ls", "--quiet", reference).decode().split()
        if image:
            self.run("image", "rm", "--force", image[0])
