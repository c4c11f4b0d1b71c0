"""Programs that write archives, each with its own corner of the disk; no registry takes part."""

from __future__ import annotations

import pytest

from tests.clients.conftest import crane, docker, engine, require
from tests.clients.podman import Podman
from tests.clients.program import missing
from tests.clients.skopeo import Skopeo

__all__ = ["crane", "docker", "engine"]

#: Settings want one; nobody calls it.
NO_REGISTRY = "127.0.0.1:1"
NEEDS = {"root": {"docker", "podman"}, "go": {"crane"}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs root and what needs Go, so that one can leave it out."""
    for item in items:
        for mark, fixtures in NEEDS.items():
            if fixtures & {*getattr(item, "fixturenames", ())}:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    require(Podman.obstacle())
    return Podman(tmp_path_factory.mktemp("podman"), NO_REGISTRY)


@pytest.fixture(scope="session")
def skopeo(tmp_path_factory: pytest.TempPathFactory) -> Skopeo:
    require(missing("skopeo"))
    return Skopeo(tmp_path_factory.mktemp("skopeo"), NO_REGISTRY)
