"""containerd: what Kubernetes pulls with; here the one that belongs to the Docker Engine."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from tests.clients.client import Copier
from tests.clients.engine import Engine
from tests.clients.images import Image
from tests.clients.program import Program
from tests.clients.pulled import Pulled, from_layout


class Containerd(Copier):
    """ctr, on the engine's containerd but in a namespace of its own."""

    def __init__(self, engine: Engine, folder: Path, *options: str) -> None:
        """`options` go with every push and pull."""
        super().__init__(folder)
        self._options = ("--plain-http", *options)
        self.run = Program("ctr", f"--address={engine.containerd}", "--namespace=tests")

    def push(self, image: Image, reference: str) -> None:
        layout = self.layout(image).removesuffix(":made")
        archive = self.new_folder() / "image.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(layout, arcname="")
        base = reference.rpartition(":")[0]
        self.run("images", "import", "--no-unpack", f"--base-name={base}", archive)
        self.run("images", "tag", f"{base}:made", reference)
        self.run("images", "push", *self._options, reference)
        self.run("images", "rm", "--sync", f"{base}:made", reference)

    def pull(self, reference: str) -> Pulled:
        self.run("content", "fetch", *self._options, reference)
        into = self.new_folder()
        archive = self.run.output("images", "export", "-", reference)
        self.run("images", "rm", "--sync", reference)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(into)
        return from_layout(into)
