"""A real Neutron beside the embedded OpenStack: its API, its RPC server, and a host's agent."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from registry_glance.embedded import paste
from registry_glance.embedded.cloud import SERVICE_ROLE
from registry_glance.embedded.credentials import Credentials
from registry_glance.embedded.gunicorn import Server
from registry_glance.embedded.identity import Identity
from registry_glance.embedded.keystone import REGION
from registry_glance.embedded.openstack import OpenStack
from registry_glance.embedded.openstack.login import login, validation
from registry_glance.embedded.ports import LOOPBACK, pick_free
from registry_glance.embedded.process import Process
from tests.clients.program import Program
from tests.nova.network.open_vswitch import OpenVSwitch

CONFIG = """\
[DEFAULT]
use_stderr = true
host = {host}
core_plugin = ml2
service_plugins =
transport_url = rabbit://nova:{rabbitmq}@{broker}/
state_path = {folder}
api_paste_config = {folder}/api-paste.ini
notify_nova_on_port_status_changes = true
notify_nova_on_port_data_changes = true
send_events_interval = 1
rpc_workers = 1
rpc_state_report_workers = 0
[database]
connection = mysql+pymysql://openstack:{mariadb}@{database}/neutron?charset=utf8mb4
[oslo_concurrency]
lock_path = {folder}/lock
[ml2]
type_drivers = local
tenant_network_types = local
mechanism_drivers = openvswitch
extension_drivers =
[securitygroup]
enable_security_group = false
firewall_driver = noop
[ovs]
datapath_type = netdev
integration_bridge = {bridge}
ovsdb_connection = {switch}
of_listen_port = {controller}
[agent]
polling_interval = 1
root_helper = /usr/bin/env
[privsep]
helper_command = {helper}
"""
#: A service's name in its folder -> the program.
SERVICES = {"rpc": "neutron-rpc-server", "agent": "neutron-openvswitch-agent"}


class Neutron:
    """Neutron with one kind of network, which does not leave its host."""

    def __init__(self, folder: Path, port: int, switch: OpenVSwitch, bridge: str) -> None:
        """`bridge`: the one of the switch that ports are plugged into."""
        self.folder = folder
        self.switch = switch
        self.bridge = bridge
        self._server = Server("neutron", "neutron.wsgi.api:application", port, 1, 8, False, False)
        self._processes: list[Process] = []

    @property
    def url(self) -> str:
        """The API's address."""
        return self._server.url

    def start(self, nova: OpenStack, host: str) -> None:
        """Start all beside what runs already, and wait until the API answers."""
        state = nova.cloud.state
        passwords = json.loads((state / "passwords.json").read_text())
        self._configure(nova, host, passwords)
        self._make_database(state / "mariadb/data/server.sock")
        config = ("--config-file", str(self._config))
        setup = self._process("neutron-db-manage", *config, "upgrade", "head")
        setup.start()
        setup.wait_finished()
        Identity(nova.cloud.admin).service("neutron", "network", self.url, REGION)
        places = {"OS_NEUTRON_CONFIG_DIR": str(self.folder), **self._places}
        places["OS_NEUTRON_CONFIG_FILES"] = self._config.name
        api = self._server.process(self.folder, self.folder / "api.log", places)
        self._processes = [api, *(self._process(name, *config) for name in SERVICES.values())]
        for process in self._processes:
            process.start()
        api.wait_answering(self.url)

    def stop(self) -> None:
        """End all at once: nobody wants to find anything again."""
        for process in self._processes:
            process.stop(timeout=0)

    def _configure(self, nova: OpenStack, host: str, passwords: dict[str, str]) -> None:
        cloud = nova.cloud
        user = Credentials(cloud.auth_url, "neutron", uuid4().hex, "service", REGION)
        # Nova tells an admin only what server an event is about.
        Identity(cloud.admin).user(user, "admin", SERVICE_ROLE)
        known: dict[str, Any] = {
            "host": host,
            "folder": self.folder,
            "broker": nova.addresses["rabbitmq"].partition("//")[2],
            "database": nova.addresses["mariadb"].partition("//")[2],
            "bridge": self.bridge,
            "switch": self.switch.connection,
            "controller": pick_free(),
            "helper": Path(sys.executable).with_name("privsep-helper"),
            **passwords,
        }
        text = CONFIG.format(**known) + validation(user) + login("nova", user)
        self._config.write_text(text + login("placement", user))
        (self.folder / "api-paste.ini").write_text(paste.installed("neutron", "api-paste.ini"))

    def _make_database(self, socket: Path) -> None:
        """As MariaDB's root, who is whoever runs it."""
        statements = (
            "CREATE DATABASE neutron CHARACTER SET utf8mb3;"
            f"GRANT ALL ON neutron.* TO 'openstack'@'{LOOPBACK}';"
        )
        Program("mariadb", f"--socket={socket}")(f"--execute={statements}")

    def _process(self, name: str, *words: str) -> Process:
        program = Path(sys.executable).with_name(name)
        return Process(name, [str(program), *words], self.folder / f"{name}.log", self._places)

    @property
    def _config(self) -> Path:
        return self.folder / "neutron.conf"

    @property
    def _places(self) -> dict[str, str]:
        """Where the agent finds its programs, beside Python, and they the switch."""
        folders = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        return {"PATH": os.pathsep.join(folders), "OVS_RUNDIR": str(self.switch.folder)}
