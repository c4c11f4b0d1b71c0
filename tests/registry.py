"""Registries under test: ours as a process, or one that runs already."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process

MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


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


class RegistryProcess(Registry):
    """`registry-glance serve`, with all it writes in one folder."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        super().__init__(f"{LOOPBACK}:{pick_free()}")
        self.config = folder / "config.yml"
        self.config.write_text(json.dumps({"listen": self.address, **settings}))  # JSON is YAML
        argv = [sys.executable, "-m", "registry_glance", "serve", "-c", str(self.config)]
        self._process = Process("registry-glance", argv, folder / "log")

    @property
    def pid(self) -> int:
        """The process id of `registry-glance serve`."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._process.log.read_text()

    def start(self) -> None:
        """Return when GET /healthz is answered with 200. Raises CannotStart."""
        self._process.start()
        # Not /v2/, which wants to know who asks when `auth` is keystone.
        self._process.wait_answering(f"{self.url}/healthz")

    def stop(self) -> None:
        """Ask it to end, and wait; may be called twice."""
        self._process.stop(timeout=30)

    def kill(self) -> None:
        """End it and its workers at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.stop()


def settings(cloud: Cloud, state: Path, changes: Mapping[str, Any]) -> dict[str, Any]:
    """config.yml for a registry on `cloud`; `changes` may reach into it at any depth."""
    base = {
        "cloud": {"name": CLOUD_NAME, "config_file": str(cloud.clouds_yaml)},
        "state": str(state),
    }
    return merged(base, changes)


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, dictionary by dictionary."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result
