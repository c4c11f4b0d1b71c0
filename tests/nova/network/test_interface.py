"""From Nova's model of a port to an interface and its name servers: pure."""

from __future__ import annotations

from typing import Any

import pytest
from nova.network import model

from nova_driver.docker.network.interface import Interface, Route, interface
from nova_driver.docker.network.resolver import nameservers, resolving

MAC = "FA:16:3E:00:00:05"


def vif(*subnets: model.Subnet, **meta: Any) -> model.VIF:
    """A port in these subnets."""
    return model.VIF(address=MAC, network=model.Network(subnets=list(subnets), **meta))


def subnet(cidr: str, ip: str, gateway: str | None = None, **more: Any) -> model.Subnet:
    """A subnet in which the port has an address."""
    ips = [model.FixedIP(address=ip)]
    return model.Subnet(cidr=cidr, ips=ips, gateway=model.IP(gateway), **more)


def way(cidr: str, gateway: str | None) -> model.Route:
    """A route that a subnet hands out."""
    return model.Route(cidr, model.IP(gateway) if gateway else None)


def test_all_is_taken_over() -> None:
    near4 = subnet(
        "192.0.2.0/24", "192.0.2.5", "192.0.2.1", routes=[way("10.0.0.0/8", "192.0.2.2")]
    )
    near6 = subnet("2001:db8::/64", "2001:db8::5", "2001:db8::1")
    assert interface(vif(near4, near6, mtu=1400)) == Interface(
        mac=MAC.lower(),
        mtu=1400,
        addresses=("192.0.2.5/24", "2001:db8::5/64"),
        routes=(
            Route("0.0.0.0/0", "192.0.2.1"),
            Route("10.0.0.0/8", "192.0.2.2"),
            Route("::/0", "2001:db8::1"),
        ),
    )


def test_it_is_the_same_in_another_process() -> None:
    near = subnet("192.0.2.0/24", "192.0.2.5", "192.0.2.1")
    made = interface(vif(near, mtu=1400))
    assert Interface.of(made.plain()) == made


def test_a_port_may_have_no_address_and_no_mtu() -> None:
    other = model.Subnet(cidr="192.0.2.0/24", gateway=model.IP("192.0.2.1"))
    assert interface(vif(other)) == Interface(MAC.lower(), 0, (), ())


ROUTES: dict[str, tuple[model.Subnet, list[Route]]] = {
    "no gateway": (subnet("192.0.2.0/24", "192.0.2.5"), []),
    "another default": (
        subnet("192.0.2.0/24", "192.0.2.5", "192.0.2.1", routes=[way("0.0.0.0/0", "192.0.2.9")]),
        [Route("0.0.0.0/0", "192.0.2.9")],
    ),
    "a gateway elsewhere": (
        subnet("192.0.2.0/24", "192.0.2.5", "198.51.100.1"),
        [Route("0.0.0.0/0", "198.51.100.1", is_onlink=True)],
    ),
    "a gateway on the link": (
        subnet("2001:db8::/64", "2001:db8::5", "fe80::1"),
        [Route("::/0", "fe80::1")],
    ),
    "a neighbour": (
        subnet("192.0.2.0/24", "192.0.2.5", routes=[way("198.51.100.0/24", "0.0.0.0")]),
        [Route("198.51.100.0/24", None)],
    ),
}


@pytest.mark.parametrize("what", ROUTES)
def test_routes(what: str) -> None:
    given, wanted = ROUTES[what]
    assert list(interface(vif(given)).routes) == wanted


@pytest.mark.parametrize("ip", ["192.0.2.5 ", "192.0.2.256", "", "$(id)"])
def test_what_is_no_address_is_refused(ip: str) -> None:
    near = model.Subnet(cidr="192.0.2.0/24", ips=[{"address": ip}])
    with pytest.raises(ValueError, match="does not appear to be"):
        interface(vif(near))


def test_each_name_server_is_asked_once() -> None:
    dns = [model.IP("192.0.2.53"), model.IP("192.0.2.54")]
    near = subnet("192.0.2.0/24", "192.0.2.5", dns=dns)
    other = subnet("2001:db8::/64", "2001:db8::5", dns=[model.IP("2001:db8::53"), dns[0]])
    wanted = ["192.0.2.53", "192.0.2.54", "2001:db8::53"]
    assert nameservers([vif(near), vif(near, other)]) == wanted


def test_only_addresses_are_asked() -> None:
    dns = [{"address": text} for text in ("192.0.2.53\nsearch evil", "localhost", "192.0.2.54")]
    near = subnet("192.0.2.0/24", "192.0.2.5", dns=dns)
    assert nameservers([vif(near)]) == ["192.0.2.54"]


def test_only_name_servers_are_replaced() -> None:
    text = "# by the Engine\nsearch example.org\nnameserver 10.0.0.1\n nameserver 10.0.0.2\n"
    wanted = "# by the Engine\nsearch example.org\nnameserver 192.0.2.53\n"
    assert resolving(text, ["192.0.2.53"]) == wanted
    assert resolving(wanted, ["192.0.2.53"]) == wanted
