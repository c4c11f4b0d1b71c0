"""Keystone, Glance, Placement and Nova together: a whole OpenStack in one folder."""

import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path

from keystoneauth1.exceptions import ClientException

from ..cloud import SERVICE_ROLE, Cloud
from ..credentials import Credentials
from ..errors import CannotStart
from ..gunicorn import Server
from ..identity import Identity
from ..keystone import REGION
from ..passwords import Passwords
from ..ports import RememberedPorts, pick_free
from ..process import Process
from .backends import Backends
from .compute import Compute
from .compute_api import FLAVORS, ComputeAPI
from .engine import require_engine
from .hypervisor import Hypervisor
from .nova import API_DATABASE, CELL0_DATABASE, CELL1_DATABASE, Nova, Surroundings
from .placement import DATABASE as PLACEMENT_DATABASE
from .placement import Placement

NOVA_PORT = 5045
DATABASES = (API_DATABASE, CELL0_DATABASE, CELL1_DATABASE, PLACEMENT_DATABASE)


class OpenStack:
    """Placement and Nova on loopback beside a Cloud, with a nova-compute for each hypervisor.

    All they keep lies below the cloud's state folder. `OpenStack(cloud, hypervisor).start()` starts
    the cloud, too, and returns when a server could be booted; it takes `--nic none`, as there is no
    network, unless `network` is the URL of a Network service, which may come up later. Ports are as
    with Cloud: None is the one used last time, 0 any free one. Then there are

    - `compute_url`: the Compute API's address, also in Keystone's catalog;
    - flavors m1.nano to m1.medium, and no quota;
    - `processes`, with `.name`, `.pid`, `.is_running`, `.log`, in the order in which they are to be
      stopped; `addresses`: the URLs of those that have one, by name.

    `add_compute()` adds another host. `stop()` may be called at any time, also twice; a stopped
    OpenStack can be started again and finds its servers. All processes end with the thread that
    called start(). Raises CannotStart when something is not installed or does not start.
    """

    def __init__(
        self,
        cloud: Cloud,
        hypervisor: Hypervisor,
        nova_port: int | None = None,
        network: str | None = None,
    ) -> None:
        _require("nova", "placement", "pymysql")
        self.cloud = cloud
        state = cloud.state
        self._folder = state / "nova"
        self._logs = state / "log"
        ports = RememberedPorts(state / "ports.json")
        passwords = Passwords(state / "passwords.json")
        self._backends = Backends(state, self._logs, ports, passwords)
        self._placement = Placement(
            state / "placement",
            self._logs / "placement.log",
            ports.assign("placement", None, pick_free()),
        )
        self._network = Server(
            "no-network",
            f"{__package__}.no_network:application",
            ports.assign("no-network", None, pick_free()),
            workers=1,
            threads=8,
            sqlite=False,
            preload=False,
        )
        self._network_url = network or self._network.url
        nova_port = ports.assign("nova", nova_port, NOVA_PORT)
        self._nova = Nova(self._folder, self._logs, nova_port)
        self._nova_user = self._credentials("nova", passwords)
        self._placement_user = self._credentials("placement", passwords)
        self._api = ComputeAPI(cloud.admin, self.compute_url)
        self._computes = [self._compute(hypervisor)]
        self._compute_processes: list[Process] = []
        self._configure()

    @property
    def compute_url(self) -> str:
        """The Compute API's address, ending in /v2.1."""
        return f"{self._nova.url}/v2.1"

    @property
    def processes(self) -> list[Process]:
        """All, in the order in which they are to be stopped."""
        services = [self._scheduler, self._conductor, self._api_process, self._placement_process]
        nova = [*self._compute_processes, *services, self._network_process]
        return [*nova, *self.cloud.processes, *self._backends.processes]

    @property
    def addresses(self) -> dict[str, str]:
        """The URLs of the services that listen, without passwords."""
        return {
            "nova-api": self.compute_url,
            "placement": self._placement.url,
            "no-network": self._network.url,
            **self.cloud.addresses,
            **self._backends.addresses,
        }

    def start(self) -> None:
        """Start all and wait until a server could be booted; raises CannotStart and stops all."""
        for compute in self._computes:
            if compute.hypervisor.needs_engine:
                require_engine(compute.hypervisor.docker)
        try:
            self._start_below()
            self._seed()
            self._start_control()
            for compute in self._computes:
                self._start_compute(compute)
        except BaseException:
            self.stop()
            raise

    def add_compute(self, hypervisor: Hypervisor) -> Process:
        """Start one more nova-compute, wait until servers could be booted on it; its process."""
        compute = self._compute(hypervisor)
        compute.configure(self._surroundings())
        self._start_compute(compute)
        return self._compute_processes[-1]

    def stop(self) -> None:
        """Stop all services and wait for their end."""
        below = [*self.cloud.processes, *self._backends.processes]
        for process in self.processes:
            if process not in below:
                process.terminate()
        for process in self.processes:
            process.stop()
        self._compute_processes.clear()

    def _configure(self) -> None:
        """Write every configuration file."""
        self._backends.configure(DATABASES)
        self._placement.configure(self._backends.database(PLACEMENT_DATABASE), self._placement_user)
        around = self._surroundings()
        self._nova.configure(around)
        for compute in self._computes:
            compute.configure(around)
        network = self._folder / "no-network"
        network.mkdir(mode=0o700, exist_ok=True)
        self._network_process = self._network.process(network, self._logs / "no-network.log", {})
        self._placement_process = self._placement.process()
        self._api_process = self._nova.api()
        self._conductor = self._nova.conductor()
        self._scheduler = self._nova.scheduler()

    def _start_below(self) -> None:
        """Start what Nova's services find when they come: databases, messages, Keystone."""
        self._backends.start()
        schemas = self._schemas()
        try:
            if schemas:
                schemas.start()
            self._network_process.start()
            self.cloud.start()
            if schemas:
                schemas.wait_finished()
                self._schema.write_text(_versions())
        finally:
            if schemas:
                schemas.stop()
        self._backends.wait_ready()

    def _start_control(self) -> None:
        """Start what has an API, and what answers nova-compute, which waits long if nobody does."""
        for process in (self._conductor, self._api_process, self._placement_process):
            process.start()
        self._scheduler.start()
        self._placement_process.wait_answering(self._placement.url)
        self._network_process.wait_answering(self._network.url)
        self._api_process.wait_answering(self._nova.url)
        self._wait_serving(self._conductor, "conductor")
        self._wait_serving(self._scheduler, "scheduler")
        for flavor in FLAVORS:
            self._api.ensure_flavor(flavor)

    def _start_compute(self, compute: Compute) -> None:
        """Start a nova-compute and wait until the scheduler could choose it."""
        process = compute.process()
        process.start()
        self._compute_processes.append(process)
        self._wait_serving(process, compute.queue)
        host = compute.hypervisor.host
        process.wait_until(lambda: self._api.has_host(host), "is not known to Nova", pause=0.5)

    def _wait_serving(self, process: Process, queue: str) -> None:
        process.wait_until(lambda: self._backends.serves(queue), "takes no orders", pause=0.2)

    def _seed(self) -> None:
        """Make sure that Keystone knows the users and the addresses."""
        identity = Identity(self.cloud.admin)
        try:
            identity.user(self._placement_user, SERVICE_ROLE)
            identity.user(self._nova_user, SERVICE_ROLE)
            identity.service("placement", "placement", self._placement.url, REGION)
            identity.service("nova", "compute", self.compute_url, REGION)
        except ClientException as error:
            log = self.cloud.keystone_process.log
            raise CannotStart(f"keystone cannot be set up: {error}; see {log}") from error

    def _schemas(self) -> Process | None:
        """Return the process (not started) that makes the schemas, if needed."""
        if self._schema.exists() and self._schema.read_text() == _versions():
            return None
        task = {
            "nova": str(self._nova.config),
            "nova_cell0": str(self._nova.cell0_config),
            "cell0_database": CELL0_DATABASE,
            "placement": str(self._placement.config),
        }
        command = [sys.executable, "-m", f"{__package__}.schemas"]
        environment = {"REGISTRY_GLANCE_SCHEMAS": json.dumps(task)}
        return Process("nova's setup", command, self._logs / "nova-setup.log", environment)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            messages=self._backends.messages,
            api_database=self._backends.database(API_DATABASE),
            cell0_database=self._backends.database(CELL0_DATABASE),
            database=self._backends.database(CELL1_DATABASE),
            network=self._network_url,
            user=self._nova_user,
        )

    def _compute(self, hypervisor: Hypervisor) -> Compute:
        folder = self._folder / "computes" / hypervisor.host
        return Compute(hypervisor, folder, self._logs / f"nova-compute-{hypervisor.host}.log")

    def _credentials(self, username: str, passwords: Passwords) -> Credentials:
        password = passwords.of(username)
        return Credentials(self.cloud.auth_url, username, password, "service", REGION)

    @property
    def _schema(self) -> Path:
        return self._folder / "schema-version"


def _versions() -> str:
    return " ".join(importlib.metadata.version(name) for name in ("nova", "openstack-placement"))


def _require(*modules: str) -> None:
    """Raise CannotStart when a package of the extra `openstack` is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotStart(
            f"{' and '.join(missing)} not installed: pip install 'registry-glance[openstack]'"
        )
