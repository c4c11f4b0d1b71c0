"""docker push and docker pull, by an engine of our own."""

from __future__ import annotations

import os
from pathlib import Path

from bench.scale import Scale
from bench.sides.registry import RegistrySide
from bench.sides.side import Side
from bench.stopwatch import seconds
from bench.works.work import Measure, Work
from tests.clients.engine import Engine, EngineFailed
from tests.clients.images import Image


class Images(Work):
    """An image of several layers, in and out."""

    name = "docker"

    def __init__(self, scale: Scale, folder: Path) -> None:
        self._scale = scale
        self._folder = folder
        self._engine: Engine | None = None
        self.obstacle = Engine.obstacle()
        layers = f"{scale.layers} x {scale.layer / 1e6:.0f} MB"
        self.measures = [Measure(f"docker {verb} of {layers}", "s") for verb in ("push", "pull")]

    def applies(self, side: Side) -> bool:
        return isinstance(side, RegistrySide)

    def prepare(self, side: Side) -> None:
        if self._engine is None:
            engine = Engine(self._folder / "engine")
            try:
                engine.start()
            except EngineFailed as reason:
                self.obstacle = f"dockerd does not start here: {reason}"
                return
            self._engine = engine

    def run(self, side: Side) -> list[float]:
        assert self._engine
        docker = self._engine.docker
        reference = f"{side.address}/docker:latest"
        archive = self._image().write_archive(self._folder / "image.tar", reference)
        docker("load", "--input", archive)
        pushed = seconds(lambda: docker("push", reference))
        docker("image", "rm", "--force", reference)
        pulled = seconds(lambda: docker("pull", reference))
        docker("image", "rm", "--force", reference)
        return [pushed, pulled]

    def close(self) -> None:
        if self._engine:
            self._engine.stop()

    def _image(self) -> Image:
        """One that no registry and no engine has seen."""
        noise = (os.urandom(self._scale.layer) for _ in range(self._scale.layers))
        return Image(tuple({f"noise/{number}": data} for number, data in enumerate(noise)))
