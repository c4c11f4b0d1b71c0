"""A port of Neutron as os-vif knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nova import exception
from nova.network import os_vif_util
from os_vif.objects import vif as kinds

from .interface import Interface, interface

#: Of the end of the pair that goes into the container, while it is on the host.
PEER = "peer"
#: bytes: the longest name of a device that os-vif uses, too
LONGEST = 14


@dataclass(frozen=True, slots=True)
class Port:
    """A port that can be plugged.

    `device` is the host's end of the pair, and `peer` the other before it is moved. `bridge`: the
    Linux bridge between the device and Open vSwitch, if Neutron filters there.
    """

    id: str
    vif: Any
    interface: Interface
    device: str
    peer: str
    bridge: str | None


def port(vif: Any) -> Port:
    """The port of a VIF (nova.network.model.VIF).

    Raises VirtualInterfacePlugException for one that has no place in a container, or is not bound.
    """
    try:
        plugged = os_vif_util.nova_to_osvif_vif(vif)
        inner = interface(vif)
    except (exception.NovaException, NotImplementedError, ValueError, LookupError, TypeError):
        plugged = None
    if isinstance(plugged, kinds.VIFOpenVSwitch):
        # Neither is a hypervisor here that would create the port, nor is the device a tap.
        plugged.port_profile.create_port = True
        plugged.port_profile.create_tap = False
        bridge = None
    elif isinstance(plugged, kinds.VIFBridge):
        bridge = plugged.bridge_name
    else:
        kind = f"{vif['type']} ({vif['vnic_type']})"
        raise exception.VirtualInterfacePlugException(
            f"the port {vif['id']} is bound as {kind}, which no container can have"
        )
    return Port(
        id=vif["id"],
        vif=plugged,
        interface=inner,
        device=plugged.vif_name,
        peer=f"{PEER}{vif['id']}"[:LONGEST],
        bridge=bridge,
    )
