"""The container's end of a pair, in the container's network namespace.

`sandbox` is the namespace's file as the Engine names it: unlike the ID of a process, it is never
another container's later. Functions raise NetlinkError or OSError.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from pyroute2 import IPRoute, netns
from pyroute2.netlink.exceptions import NetlinkError

from .interface import Interface, Route
from .privilege import privileged

Result = TypeVar("Result")

#: of the routes of eth0; those of other interfaces come after it
METRIC = 100
#: RTNH_F_ONLINK (linux/rtnetlink.h)
ONLINK = 4
#: IFA_F_NODAD (linux/if_addr.h)
NO_DETECTION = 2
SETTINGS = Path("/proc/sys/net/ipv6/conf")


@privileged
def adopt(sandbox: str, peer: str, plain: Mapping[str, Any]) -> bool:
    """Have an interface there as it should be: the device `peer` of the host, or an earlier one.

    What is right already is not touched. Returns False if the container has ended.
    """
    wanted = Interface.of(plain)
    with _opened(sandbox) as namespace:
        if namespace is None:
            return False
        with IPRoute() as host:
            for index in host.link_lookup(ifname=peer):
                host.link("set", index=index, net_ns_fd=namespace)
        _inside(namespace, lambda netlink: _configure(netlink, wanted))
    return True


def holds(sandbox: str, mac: str) -> bool:
    """Whether there is an interface of this address."""
    with _opened(sandbox) as namespace:
        if namespace is None:
            return False
        return _inside(namespace, lambda netlink: bool(netlink.link_lookup(address=mac)))


@contextmanager
def _opened(sandbox: str) -> Iterator[int | None]:
    """A namespace, which stays while it is open here; None if there is none any more."""
    try:
        namespace = os.open(sandbox, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        yield namespace
    finally:
        os.close(namespace)


def _inside(namespace: int, work: Callable[[Any], Result]) -> Result:
    """Do something in a namespace, by a thread that enters it and ends there."""

    def enter() -> Result:
        netns.setns(namespace)
        with IPRoute() as netlink:
            return work(netlink)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(enter).result()


def _configure(netlink: Any, wanted: Interface) -> None:
    found = netlink.link_lookup(address=wanted.mac)
    if not found:
        raise OSError(errno.ENODEV, "no interface of that address")
    index = found[0]
    number = _named(netlink, index)
    if wanted.mtu:
        netlink.link("set", index=index, mtu=wanted.mtu)
    if wanted.has_ipv6:
        _allow_ipv6(f"eth{number}")
    netlink.link("set", index=index, state="up")
    for address in wanted.addresses:
        _add_address(netlink, index, address)
    for route in wanted.routes:
        _add_route(netlink, index, METRIC + number, route)


def _named(netlink: Any, index: int) -> int:
    """The number of an interface, which gets the lowest that is free if it has none."""
    name = netlink.link("get", index=index)[0].get_attr("IFLA_IFNAME")
    if name.startswith("eth") and name[3:].isdecimal():
        return int(name[3:])
    for number in count():
        try:
            netlink.link("set", index=index, ifname=f"eth{number}")
        except NetlinkError as error:
            if error.code != errno.EEXIST:
                raise
        else:
            break
    return number


def _allow_ipv6(name: str) -> None:
    """The Engine forbids it in namespaces without a network of its own."""
    # Neutron has made sure that the address is nobody else's; asking takes seconds.
    (SETTINGS / name / "accept_dad").write_text("0")
    for each in ("lo", name):
        (SETTINGS / each / "disable_ipv6").write_text("0")


def _add_address(netlink: Any, index: int, address: str) -> None:
    ip, _, length = address.partition("/")
    flags = {"flags": NO_DETECTION} if ":" in ip else {}
    netlink.addr("replace", index=index, address=ip, prefixlen=int(length), **flags)


def _add_route(netlink: Any, index: int, metric: int, route: Route) -> None:
    gateway = {"gateway": route.gateway} if route.gateway else {"scope": "link"}
    flags = {"flags": ONLINK} if route.is_onlink else {}
    netlink.route("replace", dst=route.destination, oif=index, priority=metric, **gateway, **flags)
