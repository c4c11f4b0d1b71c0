"""What a port is inside a container: pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ANYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


@dataclass(frozen=True, slots=True)
class Route:
    """A way to `destination`, a network; `is_onlink`: to a gateway that no address is next to."""

    destination: str
    gateway: str | None
    is_onlink: bool = False


@dataclass(frozen=True, slots=True)
class Interface:
    """A network device. `addresses`: with their prefixes' lengths; `mtu`: bytes, 0 if unknown."""

    mac: str
    mtu: int
    addresses: tuple[str, ...]
    routes: tuple[Route, ...]

    @property
    def has_ipv6(self) -> bool:
        """Whether IPv6 is to be spoken on it."""
        return any(":" in address for address in self.addresses)

    def plain(self) -> dict[str, Any]:
        """The same as what another process can be told."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Interface:
        """The interface that was told."""
        routes = tuple(Route(**route) for route in plain["routes"])
        return cls(plain["mac"], plain["mtu"], tuple(plain["addresses"]), routes)


def interface(vif: Any) -> Interface:
    """The interface for a VIF (nova.network.model.VIF). Raises ValueError for what is no address.

    A subnet's gateway is the default route, unless the subnet has another one of its own.
    """
    network = vif["network"]
    subnets = [subnet for subnet in network["subnets"] if subnet["ips"]]
    return Interface(
        mac=vif["address"].lower(),
        mtu=int(network.get_meta("mtu") or 0),
        addresses=tuple(address for subnet in subnets for address in _addresses(subnet)),
        routes=tuple(route for subnet in subnets for route in _routes(subnet)),
    )


def _addresses(subnet: Any) -> Iterator[str]:
    length = ipaddress.ip_network(subnet["cidr"]).prefixlen
    for ip in subnet["ips"]:
        yield str(ipaddress.ip_interface(f"{ip['address']}/{length}"))


def _routes(subnet: Any) -> Iterator[Route]:
    near = ipaddress.ip_network(subnet["cidr"])
    ways = {
        str(ipaddress.ip_network(route["cidr"], strict=False)): route["gateway"]
        for route in subnet["routes"]
    }
    for destination, gateway in ({ANYWHERE[near.version]: subnet["gateway"]} | ways).items():
        address = ipaddress.ip_address(gateway["address"]) if _is_there(gateway) else None
        if address is None and destination == ANYWHERE[near.version]:
            continue
        # RFC 3442: a gateway of 0.0.0.0 says that the destination is on the link itself.
        if address is None or address.is_unspecified:
            yield Route(destination, None)
        else:
            onlink = address not in near and not address.is_link_local
            yield Route(destination, str(address), onlink)


def _is_there(gateway: Any) -> bool:
    return bool(gateway and gateway["address"])
