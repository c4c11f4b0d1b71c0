"""The same containers without Nova: `docker run`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bench.stopwatch import seconds
from tests.clients.engine import Engine

#: Work -> how many `docker run` at the same time.
BATCHES = {"docker run, one by one": 1, "docker run, 8 at once": 8}


class Containers:
    """Containers of one image on one Engine."""

    def __init__(self, engine: Engine, image: str) -> None:
        self._docker = engine.docker
        self._image = image

    def run(self, count: int, width: int) -> float:
        """Run `count` containers, `width` at the same time, and remove them; seconds to run."""
        made: list[str] = []
        taken = seconds(lambda: self._run(count, width, made))
        self._docker("rm", "--force", *made)
        return taken

    def _run(self, count: int, width: int, made: list[str]) -> None:
        with ThreadPoolExecutor(width) as threads:
            made += threads.map(lambda _: self._start(), range(count))

    def _start(self) -> str:
        words = ("run", "--detach", "--network=none", self._image)
        return self._docker.output(*words).decode().strip()
