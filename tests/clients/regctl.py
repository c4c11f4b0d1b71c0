"""regctl: regclient's command."""

from __future__ import annotations

from pathlib import Path

from tests.clients.client import Copier
from tests.clients.images import Image
from tests.clients.program import Program
from tests.clients.pulled import Pulled, from_layout


class Regctl(Copier):
    """regctl, with its work below `folder`."""

    def __init__(self, program: Path, folder: Path, registry: str) -> None:
        super().__init__(folder)
        self.run = Program(
            program,
            f"--host=reg={registry},tls=disabled",
            env={"REGCTL_CONFIG": str(folder / "regctl.json"), "DOCKER_CONFIG": str(folder)},
        )

    def push(self, image: Image, reference: str) -> None:
        self.run("image", "copy", f"ocidir://{self.layout(image)}", reference)

    def pull(self, reference: str) -> Pulled:
        into = self.new_folder()
        self.run("image", "copy", reference, f"ocidir://{into}:pulled")
        return from_layout(into)
