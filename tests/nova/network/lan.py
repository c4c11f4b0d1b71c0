"""A network as Nova sees it, on a bridge of an Open vSwitch, and what is really plugged in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

from nova.network import model

from tests.clients.program import Program
from tests.nova.network.open_vswitch import OpenVSwitch

MTU = 1342
DNS = ("192.0.2.53", "2001:db8::53")
ip = Program("ip")


@dataclass
class Lan:
    """192.0.2.0/24 and 2001:db8::/64, with routers that nobody has to reach."""

    switch: OpenVSwitch
    bridge: str = field(default_factory=lambda: f"lan{uuid4().hex[:10]}")
    hybrid: bool = False
    numbers: Any = field(default_factory=lambda: count(5))
    ports: list[model.VIF] = field(default_factory=list)

    def port(self, **changes: Any) -> model.VIF:
        """A port as Neutron has bound it to this host, not plugged yet."""
        port, number = str(uuid4()), next(self.numbers)
        usual = {
            "id": port,
            "address": f"fa:16:3e:00:00:{number:02x}",
            "network": self._network(number),
            "type": model.VIF_TYPE_OVS,
            "details": {"ovs_hybrid_plug": self.hybrid, "datapath_type": "netdev"},
            "devname": f"tap{port[:11]}",
            "ovs_interfaceid": port,
            "active": True,
            "delegate_create": True,
        }
        self.ports.append(model.VIF(**{**usual, **changes}))
        return self.ports[-1]

    def left(self) -> list[str]:
        """What is there of all ports: devices on this host, and ports in the switch."""
        parts = {port["id"][:10] for port in self.ports}
        links = [link["ifname"] for link in json.loads(ip.output("-json", "link"))]
        return [
            name
            for name in [*links, *self.switch.ports(self.bridge)]
            if name[-10:] in parts or name[3:13] in parts
        ]

    def _network(self, number: int) -> model.Network:
        near4 = model.Subnet(
            cidr="192.0.2.0/24",
            gateway=model.IP("192.0.2.1"),
            dns=[model.IP(DNS[0])],
            ips=[model.FixedIP(address=f"192.0.2.{number}")],
            routes=[model.Route("198.51.100.0/24", model.IP("192.0.2.2"))],
        )
        near6 = model.Subnet(
            cidr="2001:db8::/64",
            gateway=model.IP("2001:db8::1"),
            dns=[model.IP(DNS[1])],
            ips=[model.FixedIP(address=f"2001:db8::{number}")],
        )
        return model.Network(
            id=str(uuid4()), bridge=self.bridge, label="lan", subnets=[near4, near6], mtu=MTU
        )
