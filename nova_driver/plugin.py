"""How Nova finds the driver: `compute_driver = docker.DockerDriver` is `nova.virt.docker`.

Nova looks below its own package only. nova-compute loads all plugins of os-vif before its driver,
so this one, which plugs nothing, puts the folder `nova_driver/virt` on the path of `nova.virt`.
That works from a wheel and an editable install, and wherever Nova itself is installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nova.virt
from os_vif import plugin
from os_vif.objects.host_info import HostPluginInfo

FOLDER = str(Path(__file__).parent / "virt")

if FOLDER not in nova.virt.__path__:
    nova.virt.__path__.append(FOLDER)


class Finder(plugin.PluginBase):
    """A plugin for no VIF at all: being loaded is all it is for."""

    def describe(self) -> HostPluginInfo:
        """That no VIF is plugged by this."""
        return HostPluginInfo(plugin_name="docker", vif_info=[])

    def plug(self, vif: Any, instance_info: Any) -> None:
        """Raises NotImplementedError: os-vif never comes here."""
        raise NotImplementedError

    def unplug(self, vif: Any, instance_info: Any) -> None:
        """Raises NotImplementedError: os-vif never comes here."""
        raise NotImplementedError
