"""Ports on a real Open vSwitch, in containers of a real Docker Engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

import pytest
from nova import exception, objects
from nova.compute import power_state
from nova.network import model
from nova.objects.instance import Instance

from tests.clients.program import Program
from tests.nova.driver.host import Host, instance, wait
from tests.nova.driver.user import User
from tests.nova.network.lan import DNS, MTU, Lan, ip
from tests.nova.network.neutron_events import Neutron

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
        made = self.prepared(*vifs, image=image)
        self.spawn(made)
        return made

    def prepared(self, *vifs: model.VIF, image: str | None = None) -> Instance:
        """A server with these ports that is not booted yet."""
        facts = self.user.image(image or self.image)
        self.made.append(instance(facts, info_cache=cache(vifs), vm_state="building"))
        self.made[-1].task_state = "spawning"
        return self.made[-1]

    def spawn(self, made: Instance) -> None:
        """Boot it."""
        facts = self.user.image(made.image_ref)
        self.host.spawn(self.user, made, facts, network_info=made.get_network_info())

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
        said = Program("nsenter", f"--net={key}", "ip", "-json", "addr").output()
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


def test_a_port_is_as_neutron_says(lan: Lan, servers: Servers) -> None:
    vif = lan.port()
    made = servers.boot(vif)
    links = servers.links(made)
    assert set(links) == {"lo", "eth0"}
    link = links["eth0"]
    assert (link["address"], link["mtu"]) == (vif["address"], MTU)
    v4, v6 = (one["address"] for one in vif.fixed_ips())
    assert addresses(link) == {f"{v4}/24", f"{v6}/64"}
    assert {"UP", "LOWER_UP"} <= {*link["flags"]}
    routes = servers.says(made, "ip", "route").splitlines()
    assert [line.split()[:3] for line in routes] == [
        ["default", "via", "192.0.2.1"],
        ["192.0.2.0/24", "dev", "eth0"],
        ["198.51.100.0/24", "via", "192.0.2.2"],
    ]
    assert "default via 2001:db8::1 dev eth0" in servers.says(made, "ip", "-6", "route")
    assert servers.resolvers(made) == list(DNS)


def test_an_address_can_be_used_at_once(lan: Lan, servers: Servers) -> None:
    """No seconds are spent on looking for somebody else who has it."""
    made = servers.boot(lan.port())
    states = [one for one in servers.links(made)["eth0"]["addr_info"] if one["family"] == "inet6"]
    assert states
    assert not any(one.get("tentative") for one in states)


def test_the_host_has_no_address_on_a_port(lan: Lan, servers: Servers) -> None:
    vif = lan.port()
    servers.boot(vif)
    (link,) = json.loads(ip.output("-json", "addr", "show", "dev", vif["devname"]))
    assert link["addr_info"] == []


def test_a_packet_is_as_large_as_the_network_takes(lan: Lan, servers: Servers) -> None:
    one, other = servers.boot(lan.port()), servers.boot(lan.port())
    address = other.get_network_info()[0].fixed_ips()[0]["address"]
    wait(lambda: servers.reaches(one, address), "answers")
    # 20 bytes of IP and 8 of ICMP.
    assert "1 packets received" in servers.says(one, "ping", "-c1", "-s", f"{MTU - 28}", address)


def test_several_ports_keep_their_order(lan: Lan, servers: Servers) -> None:
    vifs = [lan.port() for _ in range(3)]
    made = servers.boot(*vifs)
    links = servers.links(made)
    for number, vif in enumerate(vifs):
        assert links[f"eth{number}"]["address"] == vif["address"]
    first = servers.says(made, "ip", "route").splitlines()[0]
    assert first.startswith("default via 192.0.2.1 dev eth0 ")


def test_a_stopped_server_has_no_port(any_lan: Lan, servers: Servers) -> None:
    made = servers.boot(any_lan.port())
    servers.host.driver.power_off(made, 10)
    assert any_lan.left() == []


@pytest.mark.parametrize("how", ["start", "soft", "hard", "restore", "resume", "boot", "died"])
def test_every_start_brings_the_ports_back(lan: Lan, servers: Servers, how: str) -> None:
    one, other = servers.boot(lan.port()), servers.boot(lan.port())
    before = servers.links(one)["eth0"]
    start(servers, one, how)
    after = servers.links(one)["eth0"]
    assert (after["address"], addresses(after)) == (before["address"], addresses(before))
    assert servers.resolvers(one) == list(DNS)
    wait(lambda: is_online(servers, one, other), "answers")


def start(servers: Servers, made: Instance, how: str) -> None:
    """Have a server start again."""
    driver, ports = servers.host.driver, made.get_network_info()
    docker, container = servers.host.engine.docker, f"nova-{made.uuid}"
    if how == "start":
        driver.power_off(made, 10)
        driver.power_on(None, made, ports)
    elif how in ("soft", "hard"):
        driver.reboot(None, made, ports, how.upper())
    elif how == "restore":
        driver.soft_delete(made)
        driver.restore(made)
    elif how == "resume":
        driver.suspend(None, made)
        docker("restart", "--time=0", container)
        driver.resume(None, made, ports)
    elif how == "boot":
        docker("kill", container)
        driver.resume_state_on_host_boot(None, made, ports, None)
    else:
        docker("kill", container)
        driver.power_on(None, made, ports)


def test_a_frozen_server_keeps_its_ports(lan: Lan, servers: Servers) -> None:
    one, other = servers.boot(lan.port()), servers.boot(lan.port())
    before = servers.links(one)
    servers.host.driver.pause(one)
    servers.host.driver.unpause(one)
    servers.host.driver.suspend(None, one)
    servers.host.driver.resume(None, one, one.get_network_info())
    assert servers.links(one) == before
    wait(lambda: is_online(servers, one, other), "answers")


LOSSES = ["nothing", "the device", "the container's start"]


@pytest.mark.parametrize("lost", LOSSES)
def test_what_is_lost_is_mended(any_lan: Lan, servers: Servers, lost: str) -> None:
    """nova-compute asks for it when it starts, for every server."""
    one, other = servers.boot(any_lan.port()), servers.boot(any_lan.port())
    vif = one.get_network_info()[0]
    before = servers.links(one)
    if lost == "the device":
        ip("link", "delete", vif["devname"])
    if lost == "the container's start":
        servers.host.engine.docker("restart", "--time=0", f"nova-{one.uuid}")
    servers.host.driver.plug_vifs(one, one.get_network_info())
    after = servers.links(one)
    if lost == "nothing":
        assert after == before
    assert addresses(after["eth0"]) == addresses(before["eth0"])
    assert servers.resolvers(one) == list(DNS)
    wait(lambda: is_online(servers, one, other), "answers")


def test_a_port_that_the_switch_has_lost_is_plugged_again(lan: Lan, servers: Servers) -> None:
    one, other = servers.boot(lan.port()), servers.boot(lan.port())
    before = servers.links(one)
    lan.switch.vsctl("del-port", lan.bridge, one.get_network_info()[0]["devname"])
    servers.host.driver.plug_vifs(one, one.get_network_info())
    assert servers.links(one) == before
    wait(lambda: is_online(servers, one, other), "answers")


def test_a_file_that_a_server_has_blown_up_is_not_read(lan: Lan, servers: Servers) -> None:
    one = servers.boot(lan.port())
    servers.says(one, "dd", "if=/dev/zero", "of=/etc/resolv.conf", "bs=1M", "seek=99999", "count=1")
    servers.host.driver.plug_vifs(one, one.get_network_info())
    assert servers.resolvers(one) == list(DNS)
    assert servers.says(one, "wc", "-l", "/etc/resolv.conf").split()[0] == str(len(DNS))


def test_a_port_that_is_bound_no_more_leaves_no_device(lan: Lan, servers: Servers) -> None:
    one = servers.boot(lan.port())
    (vif,) = one.get_network_info()
    lost = model.VIF.hydrate({**vif, "type": model.VIF_TYPE_UNBOUND})
    servers.host.driver.destroy(None, one, model.NetworkInfo([lost]))
    assert vif["devname"] not in ip("link")
    lan.switch.vsctl("del-port", lan.bridge, vif["devname"])


def test_a_server_that_does_not_run_needs_no_mending(lan: Lan, servers: Servers) -> None:
    made = servers.boot(lan.port())
    servers.host.driver.power_off(made, 10)
    servers.host.driver.plug_vifs(made, made.get_network_info())
    assert lan.left() == []
    servers.host.driver.destroy(None, made, made.get_network_info())
    servers.host.driver.plug_vifs(made, made.get_network_info())
    assert lan.left() == []


def test_a_restart_of_the_engine_is_survived(lan: Lan, servers: Servers) -> None:
    one, other = servers.boot(lan.port()), servers.boot(lan.port())
    servers.host.engine.stop()
    servers.host.engine.start()
    for made in (one, other):
        ports = made.get_network_info()
        servers.host.driver.resume_state_on_host_boot(None, made, ports, None)
    wait(lambda: is_online(servers, one, other), "answers")


def test_an_interface_comes_and_goes(any_lan: Lan, servers: Servers) -> None:
    made, other = servers.boot(), servers.boot(any_lan.port())
    assert set(servers.links(made)) == {"lo"}
    vif = any_lan.port()
    attach(servers, made, vif)
    assert servers.links(made)["eth0"]["address"] == vif["address"]
    assert servers.resolvers(made) == list(DNS)
    wait(lambda: is_online(servers, other, made), "answers")
    left = any_lan.left()
    detach(servers, made, vif)
    assert set(servers.links(made)) == {"lo"}
    assert set(any_lan.left()) < set(left)
    # The other one still has its port.
    assert not [name for name in any_lan.left() if vif["id"][:9] in name]
    detach(servers, made, vif)


def attach(servers: Servers, made: Instance, vif: model.VIF) -> None:
    """As nova-compute does, which knows the port before and after."""
    made.info_cache = cache([*made.get_network_info(), vif])
    servers.host.driver.attach_interface(None, made, None, vif)


def detach(servers: Servers, made: Instance, vif: model.VIF) -> None:
    """As nova-compute does, which forgets the port afterwards."""
    servers.host.driver.detach_interface(None, made, vif)
    made.info_cache = cache([one for one in made.get_network_info() if one["id"] != vif["id"]])


def test_the_lowest_free_name_is_taken(lan: Lan, servers: Servers) -> None:
    vifs = [lan.port() for _ in range(3)]
    made = servers.boot(*vifs)
    detach(servers, made, vifs[1])
    assert set(servers.links(made)) == {"lo", "eth0", "eth2"}
    vif = lan.port()
    attach(servers, made, vif)
    assert servers.links(made)["eth1"]["address"] == vif["address"]


def test_a_stopped_server_has_its_interface_when_it_starts(lan: Lan, servers: Servers) -> None:
    made = servers.boot()
    servers.host.driver.power_off(made, 10)
    attach(servers, made, lan.port())
    assert lan.left() == []
    servers.host.driver.power_on(None, made, made.get_network_info())
    assert addresses(servers.links(made)["eth0"])
    assert servers.resolvers(made) == list(DNS)
    servers.host.driver.power_off(made, 10)
    detach(servers, made, made.get_network_info()[0])
    assert lan.left() == []


def test_a_server_that_is_gone_is_not_found(lan: Lan, servers: Servers) -> None:
    made = servers.boot()
    servers.host.driver.destroy(None, made, [])
    for verb in (attach, detach):
        with pytest.raises(exception.InstanceNotFound):
            verb(servers, made, lan.port())
    assert lan.left() == []


UNFIT = {
    "a device of the host": {"vnic_type": "direct", "profile": {"pci_slot": "0000:00:00.1"}},
    "no binding": {"type": "unbound"},
    "a failed binding": {"type": "binding_failed"},
    "vhost-user": {"type": "vhostuser", "details": {"vhostuser_socket": "/tmp/s"}},
    "a Linux bridge": {"type": "bridge"},
    "an unknown kind": {"type": "carrier-pigeon"},
}


@pytest.mark.parametrize("what", UNFIT)
def test_what_no_container_can_have_is_refused(lan: Lan, servers: Servers, what: str) -> None:
    vif = lan.port(**UNFIT[what])
    with pytest.raises(exception.VirtualInterfacePlugException, match=vif["id"]):
        servers.boot(vif)
    assert servers.host.driver.list_instances() == []
    made = servers.boot()
    with pytest.raises(exception.VirtualInterfacePlugException, match=vif["id"]):
        attach(servers, made, vif)
    with pytest.raises(exception.VirtualInterfacePlugException, match=vif["id"]):
        servers.host.driver.plug_vifs(made, made.get_network_info())
    servers.host.driver.unplug_vifs(made, [vif])
    assert lan.left() == []


def test_a_port_that_cannot_be_plugged_leaves_nothing(lan: Lan, servers: Servers) -> None:
    good, bad = lan.port(), lan.port(devname="lo")
    with pytest.raises(exception.VirtualInterfacePlugException, match=bad["id"]) as refused:
        servers.boot(good, bad)
    assert "lo" not in str(refused.value).split()
    assert servers.host.driver.list_instances() == []
    made = servers.boot(good)
    with pytest.raises(exception.VirtualInterfacePlugException, match=bad["id"]):
        attach(servers, made, bad)
    servers.host.driver.destroy(None, made, [good])
    assert lan.left() == []
    assert "LOOPBACK" in ip("link", "show", "dev", "lo")


def test_a_program_that_does_not_start_leaves_no_port(
    lan: Lan, servers: Servers, user: User
) -> None:
    image = user.push("broken:latest", "true", 'CMD ["/no/such/program"]')
    with pytest.raises(exception.InvalidInput):
        servers.boot(lan.port(), image=image)
    assert lan.left() == []


def test_a_program_that_ends_at_once_does_no_harm(lan: Lan, servers: Servers, user: User) -> None:
    made = servers.boot(lan.port(), image=user.push("brief:latest", "true"))
    wait(lambda: not servers.host.inspect(made)["State"]["Running"], "its end")
    servers.host.driver.destroy(None, made, made.get_network_info())
    assert lan.left() == []


def test_a_server_starts_when_neutron_has_wired_it(lan: Lan, servers: Servers) -> None:
    vif = lan.port(active=False)
    made = servers.prepared(vif)
    neutron = waiting(servers, made)
    boot = Thread(target=servers.spawn, args=(made,), daemon=True)
    boot.start()
    wait(lambda: vif["devname"] in lan.switch.ports(lan.bridge), "the port in the switch")
    assert servers.host.state(made) == power_state.SHUTDOWN
    assert neutron.says(vif, "completed")
    boot.join(30)
    assert servers.host.state(made) == power_state.RUNNING
    assert addresses(servers.links(made)["eth0"])


def test_a_server_that_is_not_wired_is_gone(lan: Lan, servers: Servers) -> None:
    vif = lan.port(active=False)
    made = servers.prepared(vif)
    neutron = waiting(servers, made)
    with ThreadPoolExecutor(1) as thread:
        boot = thread.submit(servers.spawn, made)
        wait(lambda: neutron.says(vif, "failed"), "somebody who waits")
        with pytest.raises(exception.VirtualInterfaceCreateException):
            boot.result()
    assert servers.host.driver.list_instances() == []
    assert lan.left() == []


def waiting(servers: Servers, made: Instance) -> Neutron:
    """A Neutron that the driver waits for."""
    neutron = Neutron(made)
    driver = servers.host.driver
    driver.cleanup_host(servers.host.name)
    driver.virtapi = neutron.virtapi
    driver.init_host(servers.host.name)
    return neutron
