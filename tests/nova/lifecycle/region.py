"""An OpenStack whose servers are containers on Docker Engines."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import openstack

from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.openstack import Hypervisor, OpenStack
from registry_glance.embedded.process import Process
from tests.clients.engine import Engine
from tests.clients.program import Program
from tests.registry import RegistryProcess

#: seconds: what takes longer is hanging, and how often one looks
PATIENCE, PAUSE = 120.0, 0.2
INSTANCE = "org.openstack.nova.instance"


@dataclass(frozen=True)
class Region:
    """Nova and a registry, and the Engines of its compute hosts by the hosts' names."""

    nova: OpenStack
    registry: RegistryProcess
    admin: Any
    engines: dict[str, Engine] = field(default_factory=dict)

    def add_host(self, host: str, engine: Engine, zone: str) -> Process:
        """Start nova-compute beside an Engine, in an availability zone; its process."""
        hypervisor = Hypervisor(
            host, docker=f"unix://{engine.socket}", registry=self.registry.address
        )
        process = self.nova.add_compute(hypervisor)
        compute = self.admin.compute
        aggregate = next((one for one in compute.aggregates() if one.name == zone), None)
        if aggregate is None:
            aggregate = compute.create_aggregate(name=zone, availability_zone=zone)
        compute.add_host_to_aggregate(aggregate, host)
        self.engines[host] = engine
        return process

    def containers(self) -> Iterator[tuple[str, str]]:
        """(UUID of the server, ID) of all containers on all hosts that were made for servers."""
        shown = f'{{{{.Label "{INSTANCE}"}}}} {{{{.ID}}}}'
        words = ("ps", "--all", "--no-trunc", "--filter", f"label={INSTANCE}", "--format", shown)
        for engine in self.engines.values():
            for line in engine.docker.output(*words).decode().splitlines():
                server, _, container = line.partition(" ")
                yield server, container

    def containers_of(self, server: str) -> list[str]:
        """The IDs of all containers that were made for a server."""
        return [container for made_for, container in self.containers() if made_for == server]

    def host_of(self, server: str) -> str:
        """The host on which a server has its container, whatever else it has elsewhere."""
        words = ("ps", "--all", "--quiet", "--filter", f"name=^/nova-{server}$")
        (found,) = (host for host, engine in self.engines.items() if engine.docker.output(*words))
        return found

    def docker(self, server: str) -> Program:
        """docker on the host of a server."""
        return self.engines[self.host_of(server)].docker

    def inspect(self, server: str) -> dict[str, Any]:
        """What `docker inspect` says of a server's container."""
        (found,) = json.loads(self.docker(server).output("inspect", f"nova-{server}"))
        return dict(found)

    @contextmanager
    def only(self, host: str) -> Iterator[None]:
        """Have the scheduler choose this host for a while."""
        compute = self.admin.compute
        others = [
            service
            for service in compute.services(binary="nova-compute")
            if service.host in self.engines and service.host != host
        ]
        for service in others:
            compute.disable_service(service)
        yield
        for service in others:
            compute.enable_service(service)

    def allocations(self, server: str) -> dict[str, Any]:
        """What Placement keeps for a server, by compute host."""
        answer = self.admin.session.get(
            f"/allocations/{server}", endpoint_filter={"service_type": "placement"}
        )
        return dict(answer.json()["allocations"])

    def check_nothing_left(self, servers: Iterable[str]) -> None:
        """Assert that deleted servers have left nothing on hosts and in Placement."""
        gone = set(servers)
        # A server that is deleted when it just begins to run is left to a task of Nova's.
        wait(lambda: not [made for made in self.containers() if made[0] in gone], "no containers")
        assert [server for server in gone if self.allocations(server)] == []
        hidden = {image.name for image in self.admin.image.images(is_hidden=True)}
        assert hidden & {f"nova-{server}" for server in gone} == set()
        assert self.commits_of(gone) == []

    def commits_of(self, servers: Iterable[str]) -> list[tuple[str, str]]:
        """(host, tag) of all commits of servers."""
        wanted = set(servers)
        return [made for made in self._commits() if made[1][:36] in wanted]

    def _commits(self) -> Iterator[tuple[str, str]]:
        """(host, tag) of all that was committed; a tag begins with the UUID of a server."""
        words = ("image", "ls", "nova-server", "--format", "{{.Tag}}")
        for host, engine in self.engines.items():
            for tag in engine.docker.output(*words).decode().split():
                yield host, tag


def connect(user: Credentials) -> Any:
    """openstacksdk as a user."""
    found = openstack.connection.Connection(auth=user.as_auth(), region_name=user.region)
    # Whatever proxy the machine has: the cloud is on it.
    found.session.session.trust_env = False
    return found


def wait(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fail after a while."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(PAUSE)
