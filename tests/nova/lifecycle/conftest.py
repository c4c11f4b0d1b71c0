"""Two compute hosts with a Docker Engine each, a registry that asks Keystone, and two projects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from registry_glance.embedded.openstack import OpenStack
from tests.clients.conftest import require
from tests.clients.engine import Engine, EngineFailed
from tests.clients.program import Program, ProgramFailed, missing
from tests.conftest import registries
from tests.tenants import Tenants, settle

if TYPE_CHECKING:
    from tests.nova.lifecycle.member import Member
    from tests.nova.lifecycle.region import Region
    from tests.nova.lifecycle.server import Server

collect_ignore_glob = [] if find_spec("nova") and find_spec("openstack") else ["test_*.py"]

HOSTS = ("docker-1", "docker-2")

StartEngine = Callable[[str], Engine]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs root."""
    for item in items:
        if "start_engine" in getattr(item, "fixturenames", ()):
            item.add_marker("root")


@pytest.fixture(scope="session")
def start_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartEngine]:
    """Start a Docker Engine in a folder of this name."""
    require(Engine.obstacle() or missing("busybox"))
    with ExitStack() as stack:

        def start(name: str) -> Engine:
            engine = Engine(tmp_path_factory.mktemp(name))
            try:
                engine.start()
            except EngineFailed as reason:
                pytest.skip(f"dockerd does not start on this machine: {reason}")
            stack.callback(end, engine)
            return engine

        yield start


def end(engine: Engine) -> None:
    """Stop an Engine; with `live-restore` it would leave its containers running, and a mount."""
    containers = engine.docker.output("ps", "--quiet").decode().split()
    if containers:
        engine.docker("rm", "--force", *containers)
    engine.stop()
    with suppress(ProgramFailed):
        Program("umount")(engine.folder / "data")


@pytest.fixture(scope="session")
def engines(start_engine: StartEngine) -> dict[str, Engine]:
    """The Engines, by the names of their hosts."""
    return {host: start_engine(host) for host in HOSTS}


@pytest.fixture(scope="session")
def projects(engines: dict[str, Engine], openstack_cloud: OpenStack) -> Tenants:
    """Users of the cloud, in three projects."""
    return settle(openstack_cloud.cloud)


@pytest.fixture(scope="session")
def region(
    engines: dict[str, Engine],
    openstack_cloud: OpenStack,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Region]:
    """Nova with both hosts in one availability zone."""
    from tests.nova.lifecycle.member import ZONE
    from tests.nova.lifecycle.region import Region, connect

    cloud = openstack_cloud.cloud
    with registries(cloud, tmp_path_factory) as start:
        region = Region(openstack_cloud, start(auth="keystone"), connect(cloud.admin))
        for host, engine in engines.items():
            region.add_host(host, engine, ZONE)
        yield region


@pytest.fixture(scope="session")
def member(region: Region, projects: Tenants) -> Member:
    """Alice, a member of her project and nothing else."""
    from tests.nova.lifecycle.member import Member

    alice = Member(projects.alice, region, region.engines[HOSTS[0]].docker)
    alice.login()
    return alice


@pytest.fixture(scope="session")
def stranger(region: Region, projects: Tenants) -> Member:
    """Bob, a member of another project."""
    from tests.nova.lifecycle.member import Member

    folder = region.engines[HOSTS[1]].folder / "bob"
    bob = Member(projects.bob, region, region.engines[HOSTS[1]].client(folder))
    bob.login()
    return bob


@pytest.fixture(scope="module")
def servers(
    request: pytest.FixtureRequest, member: Member, image: str
) -> Iterator[dict[str, Server]]:
    """A server of the module's `image` for each test that wants one, booted at the same time."""
    wanted = [
        item.name
        for item in request.session.items
        if item.nodeid.startswith(f"{request.node.nodeid}::")
        and "server" in getattr(item, "fixturenames", ())
    ]
    made = {name: member.ask(image, name) for name in wanted}
    yield made
    member.delete(server for server in made.values() if not server.is_gone())
    member.region.check_nothing_left(server.id for server in made.values())


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    """A server that nobody else touches, running."""
    return servers[request.node.name].wait("ACTIVE")
