"""Servers on a network of a real Neutron, through Nova's API."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.errors import CannotStart
from registry_glance.embedded.openstack import Hypervisor, OpenStack
from registry_glance.embedded.ports import pick_free
from tests.clients.engine import Engine
from tests.clients.program import Program, ProgramFailed
from tests.nova import busybox
from tests.nova.conftest import end
from tests.nova.lifecycle.region import connect, wait
from tests.nova.network.neutron import Neutron
from tests.nova.network.open_vswitch import OpenVSwitch
from tests.registry import RegistryProcess, settings

if not find_spec("neutron"):
    pytest.skip("neutron is not installed", allow_module_level=True)

HOST = "docker-net"
SLEEP = "trap 'exit 0' TERM; while :; do /bin/busybox sleep 0.1; done"
DNS = "192.0.2.53"
MTU = 1342
#: seconds; the SDK itself looks every 2 s
OFTEN = {"wait": 120, "interval": 0.2}
ip = Program("ip")


@dataclass
class Site:
    """A compute host on a network, and who uses it."""

    engine: Engine
    switch: OpenVSwitch
    bridge: str
    user: Any
    image: str
    network: str

    def boot(self, *names: str) -> list[Any]:
        """Boot servers on the network and wait until they are active."""
        compute = self.user.compute
        flavor = compute.find_flavor("m1.nano", ignore_missing=False).id
        asked = {"image_id": self.image, "flavor_id": flavor, "networks": [{"uuid": self.network}]}
        made = [compute.create_server(name=name, **asked) for name in names]
        return [compute.wait_for_server(server, **OFTEN) for server in made]

    def clear(self) -> None:
        """Delete what a test has left."""
        for server in self.user.compute.servers():
            self.user.compute.delete_server(server)
            self.user.compute.wait_for_delete(server, **OFTEN)

    def port(self, server: Any) -> Any:
        """The first port of a server."""
        return next(iter(self.user.network.ports(device_id=server.id)))

    def run(self, server: Any, *words: str) -> str:
        """What a program of busybox says in a server."""
        command = ("exec", f"nova-{server.id}", "/bin/busybox", *words)
        return self.engine.docker.output(*command).decode()

    def reaches(self, server: Any, other: Any) -> bool:
        """Whether a server reaches all addresses of another one."""
        try:
            for address in self.addresses(other):
                self.run(server, "ping", "-c1", "-W1", address)
        except ProgramFailed:
            return False
        return True

    def addresses(self, server: Any) -> list[str]:
        """What Nova shows of a server's addresses."""
        shown = self.user.compute.get_server(server.id).addresses
        return [one["addr"] for network in shown.values() for one in network]

    def devices(self) -> set[str]:
        """The ports in the switch, and the devices on this host that are some of it."""
        links = {link["ifname"] for link in json.loads(ip.output("-json", "link"))}
        ports = {*self.switch.ports(self.bridge)}
        return {name for name in ports | links if name.startswith("tap")}


@pytest.fixture(scope="module")
def neutron(open_vswitch: OpenVSwitch, tmp_path_factory: pytest.TempPathFactory) -> Neutron:
    """Neutron, not started."""
    bridge = f"int{uuid4().hex[:8]}"
    return Neutron(tmp_path_factory.mktemp("neutron"), pick_free(), open_vswitch, bridge)


@pytest.fixture(scope="module")
def site(
    engine: Engine,
    open_vswitch: OpenVSwitch,
    neutron: Neutron,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A whole OpenStack, whose one compute host has our driver."""
    folder = tmp_path_factory.mktemp("site")
    try:
        cloud = Cloud(folder / "cloud", keystone_port=0, glance_port=0)
        registry = RegistryProcess(folder, settings(cloud, folder / "registry", {}))
        docker = {"docker": f"unix://{engine.socket}", "registry": registry.address}
        host = Hypervisor(HOST, **docker, switch=open_vswitch.connection)
        nova = OpenStack(cloud, host, nova_port=0, network=neutron.url)
    except CannotStart as reason:
        pytest.skip(str(reason))
    with ExitStack() as stack:
        stack.callback(end, nova)
        nova.start()
        open_vswitch.add_bridge(neutron.bridge)
        stack.callback(neutron.stop)
        neutron.start(nova, HOST)
        stack.callback(registry.stop)
        registry.start()
        busybox.push(engine.docker, registry.reference("net:latest"), SLEEP)
        user = connect(cloud.registry)
        image = user.image.find_image("net:latest", ignore_missing=False).id
        site = Site(engine, open_vswitch, neutron.bridge, user, image, network(user))
        stack.callback(site.clear)
        yield site


def network(user: Any) -> str:
    """A network of both protocols; its ID."""
    made = user.network.create_network(name="lan", mtu=MTU)
    for version, cidr in ((4, "198.51.100.0/24"), (6, "2001:db8:1::/64")):
        user.network.create_subnet(
            network_id=made.id,
            ip_version=version,
            cidr=cidr,
            enable_dhcp=False,
            dns_nameservers=[DNS] if version == 4 else [],
        )
    return str(made.id)


def test_servers_live_on_a_network(site: Site) -> None:
    one, other = site.boot("one", "other")
    for server in (one, other):
        assert {ipaddress.ip_address(found).version for found in site.addresses(server)} == {4, 6}
        # Nova waited for it.
        assert site.port(server).status == "ACTIVE"
        link = site.run(server, "ip", "addr", "show", "eth0")
        assert f"link/ether {site.port(server).mac_address}" in link
        assert f"mtu {MTU}" in link
        assert all(address in link for address in site.addresses(server))
        assert f"nameserver {DNS}" in site.run(server, "cat", "/etc/resolv.conf")
    wait(lambda: site.reaches(one, other), "answers of the other")
    stop_and_start(site, one)
    wait(lambda: site.reaches(other, one), "answers of the one")
    attach_and_detach(site, one)
    for server in (one, other):
        site.user.compute.delete_server(server)
    for server in (one, other):
        site.user.compute.wait_for_delete(server, **OFTEN)
    wait(lambda: not list(site.user.network.ports(network_id=site.network)), "the ports' end")
    assert site.devices() == set()


def stop_and_start(site: Site, server: Any) -> None:
    """A stopped server is not on the network."""
    site.user.compute.stop_server(server)
    site.user.compute.wait_for_server(server, status="SHUTOFF", **OFTEN)
    assert len(site.devices()) == 1
    site.user.compute.start_server(server)
    site.user.compute.wait_for_server(server, **OFTEN)


def attach_and_detach(site: Site, server: Any) -> None:
    """A second interface comes, works, and goes."""
    compute = site.user.compute
    made = compute.create_server_interface(server, net_id=site.network)
    address = made.fixed_ips[0]["ip_address"]
    wait(lambda: address in site.run(server, "ip", "addr", "show"), "a second interface")
    assert len(site.devices()) == 3
    compute.delete_server_interface(made.port_id, server=server)
    wait(lambda: len(site.devices()) == 2, "the interface's end")
    assert f" {address}/" not in site.run(server, "ip", "addr", "show")
