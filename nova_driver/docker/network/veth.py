"""Pairs of devices on the host. Functions raise NetlinkError or OSError."""

from __future__ import annotations

import errno
from pathlib import Path

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from .namespace import holds
from .privilege import privileged

KIND = "veth"
SETTINGS = Path("/proc/sys/net/ipv6/conf")


@privileged
def is_whole(device: str, peer: str, mac: str, sandbox: str) -> bool:
    """Whether there is a pair: `device` here, and its peer here, or in a container by its address.

    `sandbox`: the container's namespace, "" if it does not run.
    """
    with IPRoute() as netlink:
        if not netlink.link_lookup(ifname=device):
            return False
        return bool(netlink.link_lookup(ifname=peer)) or (bool(sandbox) and holds(sandbox, mac))


@privileged
def make(device: str, peer: str, mac: str, mtu: int) -> None:
    """Make a pair, instead of what is left of an earlier one.

    `mac`: the peer's address; `mtu`: bytes, 0 for the kernel's own.
    """
    with IPRoute() as netlink:
        _delete(netlink, device)
        size = {"mtu": mtu} if mtu else {}
        other = {"ifname": peer, "address": mac, **size}
        netlink.link("add", ifname=device, kind=KIND, peer=other, **size)
        # Else the host itself would speak to the container's network.
        forbidden = SETTINGS / device / "disable_ipv6"
        if forbidden.exists():
            forbidden.write_text("1")
        netlink.link("set", index=netlink.link_lookup(ifname=device)[0], state="up")


@privileged
def join(device: str, bridge: str) -> None:
    """Have a device in a Linux bridge."""
    with IPRoute() as netlink:
        (master,) = netlink.link_lookup(ifname=bridge)
        (index,) = netlink.link_lookup(ifname=device)
        netlink.link("set", index=index, master=master)


@privileged
def remove(device: str) -> None:
    """Remove a pair, wherever its other end is; having none is no error."""
    with IPRoute() as netlink:
        _delete(netlink, device)


def _delete(netlink: IPRoute, device: str) -> None:
    # By name alone: asked for anything else, the library lists all devices of the host.
    for index in netlink.link_lookup(ifname=device):
        try:
            if _kind(netlink, index) == KIND:
                netlink.link("del", index=index)
        except NetlinkError as error:
            # The kernel removes both ends itself when a container ends.
            if error.code != errno.ENODEV:
                raise


def _kind(netlink: IPRoute, index: int) -> object:
    """What a device is: whatever has a name of ours and is no pair is nothing of ours."""
    return netlink.link("get", index=index)[0].get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND")
