"""The ports of an instance, and its container."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from nova import exception

from ..containers import Container, Containers
from ..engine.errors import Absent
from . import plug
from .port import port
from .resolver import nameservers


class Network:
    """The ports of this host's instances. `network_info`: their VIFs (nova.network.model).

    Plugging may be repeated: it mends what is missing, and leaves alone what is right. It raises
    VirtualInterfacePlugException, or an EngineError; unplug() undoes what was done until then.
    """

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def plug(self, instance: Any, network_info: Iterable[Any]) -> None:
        """Mend the network of a container that runs; one that does not has none."""
        vifs = list(network_info)
        with suppress(Absent):
            if self._containers.find(instance.uuid).is_running:
                self.prepare(instance, vifs)
                self.connect(instance, vifs)

    def prepare(self, instance: Any, network_info: Iterable[Any]) -> None:
        """Plug the host's side, so that Neutron can wire it before the container starts."""
        if ports := [port(vif) for vif in network_info]:
            container = self._containers.find(instance.uuid)
            for each in ports:
                plug.prepare(instance, each, container.sandbox)

    def connect(self, instance: Any, network_info: Iterable[Any]) -> None:
        """Bring what was prepared into a container, unless it has ended already."""
        if vifs := list(network_info):
            container = self._containers.find(instance.uuid)
            if container.is_running:
                self._connect(instance, container, vifs, vifs)

    def attach(self, instance: Any, vif: Any) -> None:
        """Give a port to a container that runs; any other has it when it starts.

        Raises as plugging does, and Absent without a container; then the port is not plugged.
        """
        port(vif)
        container = self._containers.find(instance.uuid)
        if not container.is_running:
            return
        try:
            self.prepare(instance, [vif])
            self._connect(instance, container, [vif], [*_others(instance, vif), vif])
        except Exception:
            with suppress(exception.VirtualInterfaceUnplugException):
                self.unplug(instance, [vif])
            raise

    def detach(self, instance: Any, vif: Any) -> None:
        """Take a port away; not having had it is no error.

        Raises VirtualInterfaceUnplugException, and Absent without a container.
        """
        self.unplug(instance, [vif])
        container = self._containers.find(instance.uuid)
        if container.is_running:
            self._connect(instance, container, [], _others(instance, vif))

    def unplug(self, instance: Any, network_info: Iterable[Any]) -> None:
        """Unplug and remove all, whatever fails on the way.

        Raises VirtualInterfaceUnplugException.
        """
        left = [vif["id"] for vif in network_info if not plug.unplug(instance, vif)]
        if left:
            raise exception.VirtualInterfaceUnplugException(reason=f"ports {', '.join(left)}")

    def _connect(
        self, instance: Any, container: Container, new: Iterable[Any], known: Iterable[Any]
    ) -> None:
        """Bring new ports into a container, which asks the name servers of all that are known."""
        for vif in new:
            plug.connect(instance, port(vif), container.sandbox)
        plug.resolve(container.resolv_conf, nameservers(known))


def _others(instance: Any, vif: Any) -> list[Any]:
    """The VIFs of an instance without one, that Nova's cache may know already, or still."""
    return [each for each in instance.get_network_info() if each["id"] != vif["id"]]
