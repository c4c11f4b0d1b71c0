"""This registry, on the Glance that is measured, too."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.payload import Payload
from bench.sides import many_rows
from bench.sides.registry import LARGE, MANY, RegistrySide
from bench.sides.side import Listing
from registry_glance.embedded.cloud import Cloud
from tests.registry import RegistryProcess, settings


class Ours(RegistrySide):
    """`registry-glance serve` with its default settings."""

    name = "ours"

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        folder.mkdir()
        self._cloud = cloud
        self._state = folder / "state"
        self._process = RegistryProcess(folder, settings(cloud, self._state, {}))
        self.address = self._process.address

    @property
    def pids(self) -> list[int]:
        return [self._process.pid]

    def start(self) -> None:
        self._process.start()

    def stop(self) -> None:
        self._process.stop()

    def cool(self) -> None:
        for folder in (self._state / "cache/blobs").iterdir():
            shutil.rmtree(folder)

    def forget(self, payload: Payload) -> None:
        with self.connect() as connection:
            connection.call("DELETE", f"/v2/{LARGE}/blobs/{payload.digest}", expect=202)
        self.cool()

    def fill(self, listing: Listing, count: int) -> None:
        self.change(listing)
        prefix = f"{MANY}:changed" if listing == "tags" else f"{MANY}/"
        many_rows.copy_tag(self._cloud.state / "glance/glance.db", prefix, listing, count)
