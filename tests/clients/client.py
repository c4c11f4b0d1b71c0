"""What the matrix asks of every client, and the two kinds there are."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from tests.clients.images import Image
from tests.clients.layouts import write_layout
from tests.clients.program import Program
from tests.clients.pulled import Pulled
from tests.clients.tarballs import unpacked


class Client(Protocol):
    """A program that brings images to a registry and takes them from there."""

    def push(self, image: Image, reference: str) -> None:
        """Bring `image`, as this client keeps images, to `reference` (HOST:PORT/NAME:TAG)."""

    def pull(self, reference: str) -> Pulled:
        """Take what is at `reference`; nothing of it is on the client's side before."""


class Workplace:
    """A client's corner of the disk."""

    run: Program

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_folder(self) -> Path:
        """An empty folder."""
        return Path(mkdtemp(dir=self.folder))


class Copier(Workplace):
    """A client that copies images from and to folders, as they are."""

    def layout(self, *images: Image) -> str:
        """An OCI image layout of one image, or of an index when there are several; its tag."""
        return f"{write_layout(self.new_folder(), images, 'made')}:made"


class Unpacker(Workplace):
    """A client that keeps images as root file systems; what it pushes it packs anew."""

    def push(self, image: Image, reference: str) -> None:
        self.load(image, reference)
        self.run("push", reference)

    def load(self, image: Image, reference: str) -> None:
        """Bring `image` to the client's store, under that name."""
        self.run("load", "--input", image.write_archive(self.folder / "load.tar", reference))

    def files(self, reference: str) -> dict[str, bytes]:
        """path -> content of the files that a container of this image would see."""
        container = self.run.output("create", "--network=none", reference).decode().strip()
        try:
            return unpacked(self.run.output("export", container))
        finally:
            self.run("rm", container)
