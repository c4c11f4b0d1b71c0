"""crane: go-containerregistry's command. It takes loopback addresses as plain HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.clients.client import Copier
from tests.clients.images import Image
from tests.clients.program import Program
from tests.clients.pulled import Pulled, from_layout


class Crane(Copier):
    """crane, with its work below `folder`."""

    def __init__(self, program: Path, folder: Path) -> None:
        super().__init__(folder)
        self.run = Program(program, env={"DOCKER_CONFIG": str(folder / "config")})

    def push(self, image: Image, reference: str) -> None:
        self.run("push", self.layout(image).removesuffix(":made"), reference)

    def pull(self, reference: str) -> Pulled:
        into = self.new_folder()
        self.run("pull", "--format=oci", reference, into)
        return from_layout(into)
