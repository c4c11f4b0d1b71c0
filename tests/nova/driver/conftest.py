"""A compute host: a Docker Engine of its own, and the driver as nova-compute would have it.

Nova is imported where it is used: without it, nothing here is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from tests.clients.conftest import require
from tests.clients.engine import Engine, EngineFailed
from tests.registry import RegistryProcess
from tests.tenants import Tenants

if TYPE_CHECKING:
    from tests.nova.driver.host import Host
    from tests.nova.driver.user import User

collect_ignore_glob = [] if find_spec("nova") else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs root."""
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker("root")


@pytest.fixture(scope="session", autouse=True)
def nova_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nova with its objects and VIF plugins, as nova-compute is when it loads its driver."""
    import nova.conf
    import os_vif
    from nova import objects

    conf = nova.conf.CONF
    conf([], project="nova", default_config_files=[], default_config_dirs=[])
    conf.set_override("state_path", str(tmp_path_factory.mktemp("nova")))
    objects.register_all()
    os_vif.initialize()


@pytest.fixture(scope="session")
def glance(cloud: Cloud) -> None:
    """Nova knows where the cloud's Glance is."""
    import nova.conf

    nova.conf.CONF.set_override("api_servers", [cloud.glance_url], group="glance")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Docker Engine that nobody else uses."""
    yield from running(tmp_path_factory.mktemp("nova-engine"))


@pytest.fixture(scope="session")
def other_engine(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The Engine of another host."""
    yield from running(tmp_path_factory.mktemp("other-engine"))


def running(folder: Path) -> Iterator[Engine]:
    """An Engine in `folder`, until nobody needs it."""
    require(Engine.obstacle())
    engine = Engine(folder)
    try:
        engine.start()
    except EngineFailed as reason:
        pytest.skip(f"dockerd does not start on this machine: {reason}")
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def user(cloud: Cloud, glance: None, shared_registry: RegistryProcess, engine: Engine) -> User:
    """Whoever pushes to the open registry and boots from it."""
    from tests.nova.driver.user import User

    return User(cloud.registry, engine, shared_registry)


@pytest.fixture(scope="session")
def tenant(
    tenants: Tenants, glance: None, tenant_registry: RegistryProcess, engine: Engine
) -> User:
    """Alice, at the registry that wants to know who asks."""
    from tests.nova.driver.user import User

    user = User(tenants.alice.credentials, engine, tenant_registry)
    user.login(tenants.alice.login)
    return user


@pytest.fixture(scope="session")
def stranger(tenant: User, tenants: Tenants) -> User:
    """Bob, of another project, at the same registry."""
    return replace(tenant, credentials=tenants.bob.credentials)


@pytest.fixture
def host(user: User, engine: Engine) -> Iterator[Host]:
    """A compute host at the open registry."""
    yield from started(engine, user.registry.address)


@pytest.fixture
def other_host(host: Host, user: User, other_engine: Engine) -> Iterator[Host]:
    """Another compute host at the same registry."""
    yield from started(other_engine, user.registry.address)


@pytest.fixture
def mortal_host(user: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host whose Engine may be stopped."""
    for engine in running(tmp_path_factory.mktemp("mortal-engine")):
        yield from started(engine, user.registry.address)


@pytest.fixture
def tenant_host(tenant: User, engine: Engine) -> Iterator[Host]:
    """A compute host at the registry that wants to know who asks."""
    yield from started(engine, tenant.registry.address)


def started(engine: Engine, registry: str, **options: Any) -> Iterator[Host]:
    """A host of a name that no other has, until nobody needs it; `options`: of [docker]."""
    from tests.nova.driver.host import Host

    host = Host(f"host-{uuid4().hex[:8]}", engine, registry, options)
    host.start()
    yield host
    host.stop()
