"""A registry in memory whose users are Keystone's, and what it is made of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from registry_glance.auth.authority import Authority
from registry_glance.config import load
from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process
from tests.api.client import Client
from tests.auth.admin import Admin
from tests.registry import settings

ROOT = Path(__file__).parents[2]

MakeAuthority = Callable[..., Authority]
Serve = Callable[..., "Served"]


class Served(Client):
    """A client of a registry, and the registry's log."""

    def __init__(self, address: str, process: Process) -> None:
        super().__init__(address)
        self._process = process

    @property
    def log(self) -> str:
        return self._process.log.read_text()


@pytest.fixture(scope="session")
def admin(cloud: Cloud) -> Admin:
    return Admin(cloud)


@pytest.fixture
def make_authority(cloud: Cloud, tmp_path: Path) -> MakeAuthority:
    """An authority with changed settings: `make_authority(access={"cache_time": 1})`."""

    def make(**changes: Any) -> Authority:
        file = tmp_path / "config.yml"
        file.write_text(json.dumps(settings(cloud, tmp_path / "state", changes)))
        return Authority(load(file, {}))

    return make


@pytest.fixture
def authority(make_authority: MakeAuthority) -> Authority:
    """One that knows nothing yet, and believes Keystone for a minute."""
    return make_authority()


@pytest.fixture(scope="session")
def served(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A registry that lives as long as the tests."""
    with ExitStack() as stack:
        yield _serve(cloud, tmp_path_factory.mktemp("served"), stack, {})


@pytest.fixture
def serve(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start another one, with changed settings: `serve(access={"anonymous": True})`."""
    with ExitStack() as stack:
        yield lambda **changes: _serve(cloud, tmp_path_factory.mktemp("served"), stack, changes)


def _serve(cloud: Cloud, folder: Path, stack: ExitStack, changes: dict[str, Any]) -> Served:
    listen = f"{LOOPBACK}:{pick_free()}"
    base = {"listen": listen, "auth": "keystone", "workers": 1, "threads": 8, **changes}
    config = folder / "config.yml"
    config.write_text(json.dumps(settings(cloud, folder / "state", base)))
    argv = [sys.executable, "-m", "tests.auth.served", str(config)]
    process = Process("served", argv, folder / "log", folder=ROOT)
    process.start()
    stack.callback(process.stop)
    process.wait_answering(f"http://{listen}/healthz")
    return Served(listen, process)
