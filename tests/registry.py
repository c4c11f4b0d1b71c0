"""Registries under test: ours as a process, or one that runs already."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
#: seconds until a new registry answers, and until one that was asked to end has ended
START, STOP = 60.0, 30.0


class RegistryFailed(Exception):
    """The registry did not come up; its log says why."""


@dataclass(frozen=True)
class Manifest:
    """A manifest as the registry gave it, with what its headers said of it."""

    digest: str
    media_type: str
    content: dict[str, Any]


@dataclass
class Registry:
    """A registry, by its address (HOST:PORT)."""

    address: str

    @property
    def url(self) -> str:
        """Where its API begins."""
        return f"http://{self.address}"

    def reference(self, name: str) -> str:
        """`NAME:TAG` as a client wants it."""
        return f"{self.address}/{name}"

    def manifest(self, name: str, reference: str) -> Manifest:
        """The manifest that any client would be given."""
        request = urllib.request.Request(
            f"{self.url}/v2/{name}/manifests/{reference}", headers={"Accept": ", ".join(MANIFESTS)}
        )
        with urllib.request.urlopen(request) as answer:
            return Manifest(
                answer.headers["Docker-Content-Digest"],
                answer.headers["Content-Type"],
                json.load(answer),
            )

    def answers(self) -> bool:
        """Whether it is ready to serve; 401 is an answer too."""
        try:
            with urllib.request.urlopen(f"{self.url}/v2/", timeout=5):
                return True
        except urllib.error.HTTPError as refused:
            return refused.code == 401
        except OSError:
            return False


class RegistryProcess(Registry):
    """`registry-glance serve`, in a folder of its own."""

    def __init__(self, address: str, folder: Path, settings: Mapping[str, object]) -> None:
        super().__init__(address)
        self.folder = folder
        self.config = folder / "config.yml"
        self.config.write_text(json.dumps({**settings, "listen": address}))  # JSON is YAML
        self._log = folder / "log"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def start(self) -> None:
        """Return when it answers. Raises RegistryFailed."""
        argv = [sys.executable, "-m", "registry_glance", "serve", "-c", str(self.config)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, env={**os.environ})
        deadline = time.monotonic() + START
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RegistryFailed(self.log[-3000:])
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait()
