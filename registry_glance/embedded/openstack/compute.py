"""An embedded nova-compute: the host that servers run on."""

import sys
from pathlib import Path

from ..private_file import write_private
from ..process import Process
from .hypervisor import Hypervisor
from .nova import Surroundings, service

# It has no database: what it wants to know it asks the conductor.
_CONFIG = """\
[DEFAULT]
compute_driver = {driver}
# Seconds: a server may be deleted in the moment in which it begins to run, and Nova gives up on it.
running_deleted_instance_poll_interval = 20
instances_path = {folder}/instances
# A container takes what it uses, and its flavor is a limit; so many more fit than could if each
# took all it may.
cpu_allocation_ratio = 16
ram_allocation_ratio = 8
disk_allocation_ratio = 8
[oslo_concurrency]
lock_path = {folder}/lock
"""

_DOCKER = """\
[docker]
host_url = {url}
registry_host = {host}
registry_port = {port}
"""

# Where os-vif and the driver are root; by default it is sudo that makes them so.
_SWITCH = """\
[os_vif_ovs]
ovsdb_connection = {switch}
[vif_plug_ovs_privileged]
helper_command = {helper}
[docker_privileged]
helper_command = {helper}
"""


class Compute:
    """nova-compute with one of Nova's drivers, and all it keeps in `folder`."""

    def __init__(self, hypervisor: Hypervisor, folder: Path, log: Path) -> None:
        self.hypervisor = hypervisor
        self._folder = folder
        self._log = log

    @property
    def queue(self) -> str:
        """Where nova-compute takes its orders from, once it is ready to."""
        return f"compute.{self.hypervisor.host}"

    def configure(self, around: Surroundings) -> None:
        """Write nova-compute.conf."""
        (self._folder / "instances").mkdir(mode=0o700, parents=True, exist_ok=True)
        text = around.common(self.hypervisor.host, self._folder)
        text += _CONFIG.format(driver=self.hypervisor.driver, folder=self._folder)
        if self.hypervisor.needs_engine:
            host, _, port = self.hypervisor.registry.rpartition(":")
            text += _DOCKER.format(url=self.hypervisor.docker, host=host, port=port)
        if self.hypervisor.switch:
            helper = Path(sys.executable).with_name("privsep-helper")
            text += _SWITCH.format(switch=self.hypervisor.switch, helper=helper)
        write_private(self._config, text)

    def process(self) -> Process:
        """Return the service's process, not started."""
        return service("nova-compute", self._config, self._log)

    @property
    def _config(self) -> Path:
        return self._folder / "nova-compute.conf"
