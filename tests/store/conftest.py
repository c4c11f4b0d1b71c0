"""One suite for the storage seam, run for every store. To add a store: a constructor and a name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from registry_glance import config
from registry_glance.embedded.cloud import Cloud
from registry_glance.oci.names import Repository
from registry_glance.store.contract import Store
from registry_glance.store.memory import MemoryStore
from tests.registry import settings

ConnectStore = Callable[..., Store]

#: Small pieces, so that a blob of a few MiB is kept in several of them.
PIECE = 1 << 20


@pytest.fixture(scope="session")
def connect_store(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> ConnectStore:
    """Connect one more replica, with a local disk of its own, to one real Glance."""
    from registry_glance.store.glance import connect

    def connect_store(**changes: Any) -> Store:
        folder = tmp_path_factory.mktemp("store")
        told = settings(cloud, folder / "state", {"glance": {"piece_size": PIECE}, **changes})
        (folder / "config.yml").write_text(json.dumps(told))
        return connect(config.load(folder / "config.yml", {})).own()

    return connect_store


@pytest.fixture(scope="session")
def glance_store(connect_store: ConnectStore) -> Store:
    """A store for all tests: what one puts there, others may see."""
    return connect_store()


@pytest.fixture(params=["memory", "glance"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each implementation of the seam in turn."""
    if request.param == "memory":
        return MemoryStore()
    found: Store = request.getfixturevalue("glance_store")
    return found


@pytest.fixture
def repository() -> Repository:
    """A repository that no other test knows."""
    return Repository.parse(f"r{uuid4().hex[:12]}/app")


@pytest.fixture
def other(repository: Repository) -> Repository:
    """A second one, whose name begins like the first one's."""
    return Repository.parse(f"{repository}/other")
