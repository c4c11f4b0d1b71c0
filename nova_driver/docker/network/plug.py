"""One port, plugged and unplugged; what fails below is told as Nova's own errors.

Users read these, so only the log has the reason.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import os_vif
from nova import exception
from nova.network import os_vif_util

from . import namespace, resolver, veth
from .port import Port, port

log = logging.getLogger(__name__)


def prepare(instance: Any, each: Port, sandbox: str) -> None:
    """Plug the host's side of a port. `sandbox`: the container's namespace, "" if it is not there.

    Raises VirtualInterfacePlugException.
    """
    inner, owner = each.interface, os_vif_util.nova_to_osvif_instance(instance)
    with _told(f"the port {each.id}"):
        if not veth.is_whole(each.device, each.peer, inner.mac, sandbox):
            # Open vSwitch holds on to a device that is gone, and overlooks a new one of its name.
            os_vif.unplug(each.vif, owner)
            veth.make(each.device, each.peer, inner.mac, inner.mtu)
        os_vif.plug(each.vif, owner)
        if each.bridge:
            veth.join(each.device, each.bridge)


def connect(instance: Any, each: Port, sandbox: str) -> None:
    """Bring the other side into a container, unless that has ended.

    Raises VirtualInterfacePlugException.
    """
    with _told(f"the port {each.id}"):
        if not namespace.adopt(sandbox, each.peer, each.interface.plain()):
            log.info("the container of %s has ended before it had a network", instance.uuid)


def resolve(path: str, servers: Sequence[str]) -> None:
    """Write name servers, if there are any. Raises VirtualInterfacePlugException."""
    with _told("the name servers"):
        if servers:
            resolver.resolve(path, list(servers))


def unplug(instance: Any, vif: Any) -> bool:
    """Unplug a VIF (nova.network.model) and remove its devices; whether nothing of it is left."""
    try:
        try:
            _unplug(instance, vif)
        finally:
            if device := vif.get("devname"):
                veth.remove(device)
    except Exception:
        log.exception("the port %s was not unplugged", vif["id"])
        return False
    return True


def _unplug(instance: Any, vif: Any) -> None:
    """Have os-vif take it out of its switch; a port that is not bound any more is in none."""
    with suppress(exception.VirtualInterfacePlugException):
        each = port(vif)
        os_vif.unplug(each.vif, os_vif_util.nova_to_osvif_instance(instance))


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        log.exception("%s could not be plugged", what)
        raise exception.VirtualInterfacePlugException(
            f"{what} could not be plugged on this host"
        ) from error
