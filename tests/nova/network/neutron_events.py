"""What Neutron tells nova-compute of an instance's ports, in Nova's own bookkeeping."""

from __future__ import annotations

from types import SimpleNamespace

from nova import objects
from nova.compute.manager import ComputeVirtAPI, InstanceEvents
from nova.network import model

from nova_driver.docker.network.wiring import PLUGGED


class Neutron:
    """Neutron, which has its say; `virtapi` is what the driver waits with."""

    def __init__(self, instance: objects.Instance) -> None:
        self.instance = instance
        self._events = InstanceEvents()
        compute = SimpleNamespace(reportclient=None, instance_events=self._events)
        self.virtapi = ComputeVirtAPI(compute)

    def says(self, vif: model.VIF, status: str) -> bool:
        """Say that a port is plugged, or that this has failed; whether somebody waits for it."""
        event = objects.InstanceExternalEvent(
            instance_uuid=self.instance.uuid, name=PLUGGED, tag=vif["id"], status=status
        )
        waiting = self._events.pop_instance_event(self.instance, event)
        if waiting is None:
            return False
        waiting.set(event)
        return True
