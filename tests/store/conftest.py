"""One suite for the storage seam, run for every store. To add a store: a constructor and a name."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from registry_glance import config
from registry_glance.oci.names import Repository
from registry_glance.store.contract import Store
from registry_glance.store.memory import MemoryStore
from tests.registry import settings

#: Small pieces, so that a blob of a few MiB is kept in several of them.
PIECE = 1 << 20


@pytest.fixture(scope="session")
def glance_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store on a real Glance, for all tests: what one puts there, others may see."""
    glance = pytest.importorskip("registry_glance.store.glance", exc_type=ImportError)
    if not hasattr(glance, "connect"):
        pytest.skip("the store on Glance cannot be connected yet")
    folder = tmp_path_factory.mktemp("store")
    cloud = request.getfixturevalue("cloud")
    changes = {"glance": {"piece_size": PIECE}}
    (folder / "config.yml").write_text(json.dumps(settings(cloud, folder / "state", changes)))
    connected: Store = glance.connect(config.load(folder / "config.yml", {}))
    return connected


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
