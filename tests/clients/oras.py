"""oras: artifacts as well as images."""

from __future__ import annotations

from pathlib import Path

from tests.clients.client import Copier
from tests.clients.images import Image
from tests.clients.program import Program
from tests.clients.pulled import Pulled, from_layout


class Oras(Copier):
    """oras, with its work below `folder`."""

    def __init__(self, program: Path, folder: Path) -> None:
        super().__init__(folder)
        self.run = Program(program, env={"DOCKER_CONFIG": str(folder / "config")})

    def push(self, image: Image, reference: str) -> None:
        self.run("cp", "--to-plain-http", "--from-oci-layout", self.layout(image), reference)

    def pull(self, reference: str) -> Pulled:
        into = self.new_folder()
        self.run("cp", "--from-plain-http", reference, "--to-oci-layout", f"{into}:pulled")
        return from_layout(into)
