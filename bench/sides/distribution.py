"""Distribution, the registry that most run, on its file system driver."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.payload import Payload
from bench.sides.registry import MANY, RegistrySide
from bench.sides.side import Listing
from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process
from tests.registry import merged

#: Version 3 would look for a collector of traces.
QUIET = {"OTEL_TRACES_EXPORTER": "none"}


class Distribution(RegistrySide):
    """A distribution server with the settings that its package ships."""

    def __init__(self, name: str, program: Path, folder: Path) -> None:
        self.name = name
        self.address = f"{LOOPBACK}:{pick_free()}"
        self._data = folder / "data"
        self._data.mkdir(parents=True)
        config = folder / "config.yml"
        config.write_text(json.dumps(self._settings()))  # JSON is YAML
        argv = [str(program), "serve", str(config)]
        self._process = Process(name, argv, folder / "log", QUIET)

    @property
    def pids(self) -> list[int]:
        return [self._process.pid]

    def start(self) -> None:
        self._process.start()
        self._process.wait_answering(f"http://{self.address}/v2/")

    def stop(self) -> None:
        self._process.stop()

    def forget(self, payload: Payload) -> None:
        """Its API removes no bytes before a garbage collection, which needs it stopped."""
        algorithm, _, code = payload.digest.partition(":")
        shutil.rmtree(self._v2 / "blobs" / algorithm / code[:2] / code)

    def fill(self, listing: Listing, count: int) -> None:
        self.change(listing)
        repositories = self._v2 / "repositories"
        if listing == "tags":
            tags = repositories / MANY / "_manifests/tags"
            _repeat(tags / "changed", tags, count)
        else:
            folder = repositories / MANY
            source = next(path for path in folder.iterdir() if not path.name.startswith("_"))
            _repeat(source, folder, count)

    @property
    def _v2(self) -> Path:
        return self._data / "docker/registry/v2"

    def _settings(self) -> dict[str, object]:
        storage = {
            "cache": {"blobdescriptor": "inmemory"},
            "delete": {"enabled": True},
            "filesystem": {"rootdirectory": str(self._data)},
        }
        base = {"version": "0.1", "log": {"level": "info"}, "storage": storage}
        return merged(base, {"http": {"addr": self.address}})


def _repeat(source: Path, folder: Path, count: int) -> None:
    for number in range(count):
        shutil.copytree(source, folder / f"v{number:05}")
