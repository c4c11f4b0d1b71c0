"""Ports on a real Open vSwitch, in containers of a real Docker Engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from nova import objects
from nova.network import model
from nova.objects.instance import Instance

from tests.nova.driver.host import Host, instance, wait
from tests.nova.driver.user import User
from tests.nova.network.lan import Lan, ip

SLEEP = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.1; done"


@pytest.fixture(scope="module")
def image(user: User) -> str:
    return user.push("network:latest", SLEEP)


class Servers:
    """Servers with ports, and what they see."""

    def __init__(self, host: Host, user: User, image: str) -> None:
        self.host, self.user, self.image = host, user, image
        self.made: list[Instance] = []

    def boot(self, *vifs: model.VIF, image: str | None = None) -> Instance:
        """Boot a server with these ports."""
        facts = self.user.image(image or self.image)
        made = instance(facts, info_cache=cache(vifs))
        self.made.append(made)
        self.host.spawn(self.user, made, facts, network_info=made.get_network_info())
        return made

    def says(self, made: Instance, *words: str) -> str:
        """What a program of busybox says in a server."""
        docker = self.host.engine.docker
        return docker.output("exec", f"nova-{made.uuid}", "/bin/busybox", *words).decode()

    def reaches(self, made: Instance, address: str) -> bool:
        """Whether an address answers a server."""
        try:
            return "1 packets received" in self.says(made, "ping", "-c1", "-W1", address)
        except AssertionError:
            return False

    def links(self, made: Instance) -> dict[str, Any]:
        """The network devices of a server, by name, as the kernel has them."""
        key = self.host.inspect(made)["NetworkSettings"]["SandboxKey"]
        said = ip.output("netns", "exec", key, "ip", "-json", "addr")
        return {link["ifname"]: link for link in json.loads(said)}

    def resolvers(self, made: Instance) -> list[str]:
        """The name servers that a server asks."""
        lines = self.says(made, "cat", "/etc/resolv.conf").splitlines()
        return [line.split()[1] for line in lines if line.startswith("nameserver")]


def cache(vifs: Any) -> objects.InstanceInfoCache:
    """What Nova knows of an instance's ports."""
    return objects.InstanceInfoCache(network_info=model.NetworkInfo(vifs))


@pytest.fixture
def servers(host: Host, user: User, image: str) -> Iterator[Servers]:
    """Servers, which are gone afterwards."""
    servers = Servers(host, user, image)
    yield servers
    for made in servers.made:
        host.driver.destroy(None, made, made.get_network_info())


def addresses(link: dict[str, Any]) -> set[str]:
    """The addresses of a device beyond the link."""
    found = link["addr_info"]
    return {f"{one['local']}/{one['prefixlen']}" for one in found if one["scope"] == "global"}


def is_online(servers: Servers, made: Instance, other: Instance) -> bool:
    """Whether a server reaches another one's first port, on both protocols."""
    ips = other.get_network_info()[0].fixed_ips()
    return all(servers.reaches(made, one["address"]) for one in ips)


def test_servers_reach_each_other(any_lan: Lan, servers: Servers) -> None:
    one, other = servers.boot(any_lan.port()), servers.boot(any_lan.port())
    wait(lambda: is_online(servers, one, other), "answers of the other")
    wait(lambda: is_online(servers, other, one), "answers of the one")
    assert any_lan.left()
    for made in (one, other):
        servers.host.driver.destroy(None, made, made.get_network_info())
    assert any_lan.left() == []
