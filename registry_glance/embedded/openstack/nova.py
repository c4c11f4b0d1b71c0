"""The embedded Nova's control plane: API, conductor and scheduler."""

import sys
from dataclasses import dataclass
from pathlib import Path

from .. import paste
from ..credentials import Credentials
from ..gunicorn import Server
from ..private_file import write_private
from ..process import Process
from .login import login, validation

API_DATABASE = "nova_api"
CELL0_DATABASE = "nova_cell0"
CELL1_DATABASE = "nova_cell1"

# What nova-compute has, too.
_COMMON = """\
[DEFAULT]
use_stderr = true
host = {host}
my_ip = 127.0.0.1
state_path = {folder}
transport_url = {messages}
# A container can be resized only where it runs, if there is but one host.
allow_resize_to_same_host = true
# Seconds; what is under way at a stop is not waited for, as `down` should be quick.
graceful_shutdown_timeout = 8
manager_shutdown_timeout = 0
# Else periodic tasks begin after up to a minute.
periodic_fuzzy_delay = 0
{service_user}{placement}{glance}{neutron}endpoint_override = {network}
[vnc]
enabled = false
"""

_CONTROL = """\
[api_database]
connection = {api_database}
[database]
connection = {database}
{validation}
[conductor]
workers = 1
[scheduler]
workers = 1
# Seconds until a new compute host is known.
discover_hosts_in_cells_interval = 2
[quota]
instances = -1
cores = -1
ram = -1
[oslo_concurrency]
lock_path = {folder}/lock
"""


@dataclass(frozen=True)
class Surroundings:
    """What Nova's services speak to: URLs, with passwords where there are some, and as whom."""

    messages: str
    api_database: str
    cell0_database: str
    database: str
    network: str
    user: Credentials

    def common(self, host: str, folder: Path) -> str:
        """The part of nova.conf that all of Nova's services have, in a folder of their own."""
        return _COMMON.format(
            host=host,
            folder=folder,
            messages=self.messages,
            network=self.network,
            service_user=login("service_user", self.user) + "send_service_user_token = true\n",
            placement=login("placement", self.user),
            glance=login("glance", self.user),
            neutron=login("neutron", self.user),
        )


class Nova:
    """Nova's API under gunicorn, its conductor and its scheduler."""

    def __init__(self, folder: Path, logs: Path, port: int) -> None:
        self._folder = folder
        self._logs = logs
        self._server = Server(
            "nova-api", "nova.wsgi.osapi_compute:application", port, 1, 16, False, False
        )

    @property
    def url(self) -> str:
        """The Compute API's root, which answers without a token."""
        return self._server.url

    @property
    def config(self) -> Path:
        """nova.conf."""
        return self._folder / "nova.conf"

    @property
    def cell0_config(self) -> Path:
        """The same for what is done in the database of servers that no host was found for."""
        return self._folder / "nova-cell0.conf"

    def configure(self, around: Surroundings) -> None:
        """Write nova.conf and the Paste file."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.config, self._control(around, around.database))
        write_private(self.cell0_config, self._control(around, around.cell0_database))
        pipelines = paste.installed("nova", "api-paste.ini")
        (self._folder / "api-paste.ini").write_text(pipelines)

    def api(self) -> Process:
        """Return the API's process, not started."""
        environment = {"OS_NOVA_CONFIG_DIR": str(self._folder)}
        return self._server.process(self._folder, self._logs / "nova-api.log", environment)

    def conductor(self) -> Process:
        """Return the conductor's process, not started."""
        return service("nova-conductor", self.config, self._logs / "nova-conductor.log")

    def scheduler(self) -> Process:
        """Return the scheduler's process, not started."""
        return service("nova-scheduler", self.config, self._logs / "nova-scheduler.log")

    def _control(self, around: Surroundings, database: str) -> str:
        control = _CONTROL.format(
            api_database=around.api_database,
            database=database,
            validation=validation(around.user),
            folder=self._folder,
        )
        return around.common("registry-glance", self._folder) + control


def service(name: str, config: Path, log: Path) -> Process:
    """Return the process of one of Nova's services, not started."""
    command = [str(Path(sys.executable).with_name(name)), "--config-file", str(config)]
    return Process(name, command, log)
