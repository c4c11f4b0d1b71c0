"""Real clients, each with its own corner of the disk; skipped where they cannot run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.clients.containerd import Containerd
from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.engine import Engine, EngineFailed
from tests.clients.go_tools import ToolUnavailable, tool
from tests.clients.openstack import OpenStack
from tests.clients.oras import Oras
from tests.clients.podman import Podman
from tests.clients.program import missing
from tests.clients.regctl import Regctl
from tests.clients.skopeo import Skopeo
from tests.registry import Registry

#: mark -> the fixtures that need it
NEEDS = {"root": {"engine", "docker", "containerd", "podman"}, "go": {"crane", "oras", "regctl"}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs root and what needs Go, so that one can leave it out."""
    for item in items:
        used = {*getattr(item, "fixturenames", ())}
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            used |= {value for value in item.callspec.params.values() if isinstance(value, str)}
        for mark, fixtures in NEEDS.items():
            if used & fixtures:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker Engine of the tests' own."""
    require(Engine.obstacle())
    engine = Engine(tmp_path_factory.mktemp("engine"))
    try:
        engine.start()
    except EngineFailed as reason:
        pytest.skip(f"dockerd does not start on this machine: {reason}")
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def docker(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Docker:
    return Docker(engine, tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="session")
def containerd(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Containerd:
    require(missing("ctr"))
    return Containerd(engine, tmp_path_factory.mktemp("containerd"))


@pytest.fixture(scope="session")
def podman(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Podman:
    require(Podman.obstacle())
    return Podman(tmp_path_factory.mktemp("podman"), registry.address)


@pytest.fixture(scope="session")
def skopeo(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Skopeo:
    require(missing("skopeo"))
    return Skopeo(tmp_path_factory.mktemp("skopeo"), registry.address)


@pytest.fixture(scope="session")
def crane(tmp_path_factory: pytest.TempPathFactory) -> Crane:
    return Crane(go_tool("crane"), tmp_path_factory.mktemp("crane"))


@pytest.fixture(scope="session")
def oras(tmp_path_factory: pytest.TempPathFactory) -> Oras:
    return Oras(go_tool("oras"), tmp_path_factory.mktemp("oras"))


@pytest.fixture(scope="session")
def regctl(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Regctl:
    return Regctl(go_tool("regctl"), tmp_path_factory.mktemp("regctl"), registry.address)


@pytest.fixture(scope="session")
def openstack(cloud: Cloud) -> OpenStack:
    return OpenStack(cloud)


def require(obstacle: str | None) -> None:
    """Skip the test that asked, with the reason why it cannot run."""
    if obstacle:
        pytest.skip(obstacle)


def go_tool(name: str) -> Path:
    """A built Go program, or a skip."""
    try:
        return tool(name)
    except ToolUnavailable as reason:
        pytest.skip(str(reason))
