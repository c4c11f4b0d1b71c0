"""What all tests share: a cloud, and registries on it.

REGISTRY_GLANCE_TEST_REGISTRY=HOST:PORT makes the tests that only need some registry use that one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.errors import CannotStart
from tests.outages import back
from tests.registry import Registry, RegistryProcess, settings
from tests.tenants import Tenants, settle

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

StartRegistry = Callable[..., RegistryProcess]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """With `--dist loadfile`, files that share a cloud go to one process."""
    if config.getoption("dist") != "loadfile":
        return None
    from tests.scheduling import ByCloud

    return ByCloud(config, log)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A real Keystone and a real Glance; skipped where these are not installed."""
    try:
        cloud = Cloud(tmp_path_factory.mktemp("cloud"), keystone_port=0, glance_port=0)
    except CannotStart as reason:
        pytest.skip(str(reason))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="session")
def tenants(cloud: Cloud) -> Tenants:
    """Users of the cloud, in three projects."""
    return settle(cloud)


@pytest.fixture
def keystone(cloud: Cloud) -> Iterator[Cloud]:
    """A Keystone that may be stopped; it is there again afterwards."""
    yield cloud
    if not cloud.keystone_process.is_running:
        back(cloud)


@pytest.fixture(scope="session")
def registry(request: pytest.FixtureRequest) -> Registry:
    """A registry for all tests: what one puts there, others may see."""
    given = os.environ.get("REGISTRY_GLANCE_TEST_REGISTRY")
    return Registry(given) if given else request.getfixturevalue("shared_registry")


@pytest.fixture(scope="session")
def shared_registry(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryProcess]:
    """Our registry, with its default settings."""
    with registries(cloud, tmp_path_factory) as start:
        yield start()


@pytest.fixture(scope="session")
def tenant_registry(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryProcess]:
    """A registry that asks Keystone who somebody is, and trusts what it knows for a second."""
    with registries(cloud, tmp_path_factory) as start:
        yield start(auth="keystone", access={"cache_time": 1}, cache={"staleness": 1})


@pytest.fixture
def start_registry(
    cloud: Cloud, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StartRegistry]:
    """Start one more registry: `start_registry(cache={"size": "1 GiB"})`."""
    with registries(cloud, tmp_path_factory) as start:
        yield start


@contextmanager
def registries(cloud: Cloud, folders: pytest.TempPathFactory) -> Iterator[StartRegistry]:
    """What starts registries, and stops them at the end."""
    started: list[RegistryProcess] = []

    def start(**changes: Any) -> RegistryProcess:
        folder = folders.mktemp("registry")
        started.append(RegistryProcess(folder, settings(cloud, folder / "state", changes)))
        started[-1].start()
        return started[-1]

    try:
        yield start
    finally:
        for registry in started:
            registry.stop()
