"""A registry and a cloud that can be killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from tests.api.client import Client
from tests.faults.behind import Behind, behind

SETTINGS: dict[str, Any] = {"glance": {"piece_size": 1 << 20, "timeout": 5, "retries": 2}}
#: Who dies.
DEATHS = [("registry",), ("glance",), ("registry", "glance")]


@dataclass
class Victims:
    """What can be killed, and is brought back at the same address with what is on its disk."""

    cloud: Cloud
    place: Behind

    @property
    def client(self) -> Client:
        return self.place.client

    def kill(self, *names: str) -> None:
        """As a power cut would: masters and workers at once."""
        if "glance" in names:
            with suppress(ProcessLookupError):
                os.killpg(self.cloud.glance_process.pid, signal.SIGKILL)
        if "registry" in names:
            self.place.registry.kill()

    def revive(self, *names: str) -> None:
        """Start again what was killed."""
        self.place.glance.heal()
        if "glance" in names:
            self.cloud.restart_glance()
        if "registry" in names:
            self.place.registry.start()


@pytest.fixture(scope="module")
def victims(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victims]:
    """For the tests of one module."""
    with behind(cloud, tmp_path_factory.mktemp("crashes"), **SETTINGS) as place:
        yield Victims(cloud, place)


@pytest.fixture
def repository() -> str:
    """A name that no other test uses."""
    return f"crashes-{uuid4().hex[:8]}/app"


@pytest.fixture
def glance(cloud: Cloud) -> Glance:
    """Glance itself, past the registry."""
    return Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))
