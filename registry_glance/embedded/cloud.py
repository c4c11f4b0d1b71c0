"""Keystone and Glance together: a whole cloud for the registry in one folder."""

import importlib.util
from pathlib import Path

from keystoneauth1.exceptions import ClientException

from .credentials import Credentials, clouds_yaml, openrc
from .errors import CannotStart
from .glance import REGISTRY_ROLE, Glance
from .identity import Identity
from .keystone import REGION, Keystone
from .passwords import Passwords
from .ports import RememberedPorts
from .private_file import write_private
from .process import Process

KEYSTONE_PORT = 5043
GLANCE_PORT = 5044
CLOUD_NAME = "registry-glance"
SERVICE_ROLE = "service"
#: A project to try the registry with, its member, and the user who may only read there.
DEMO = "demo"
VIEWER = "viewer"


class Cloud:
    """A real Keystone and a real Glance on loopback, with all they keep below `state`.

    `Cloud(state).start()` returns when both answer. Ports: a number must be free, 0 is any
    free one, None is the one used last time in this state folder. Then there are:

    - `auth_url`, `glance_url`: the addresses; `clouds_yaml`, `openrc`: files (mode 0600) with
      the clouds `registry-glance` and `registry-glance-admin`; with `demo` also `demo` and
      `viewer`: a member and a reader of the project `demo`. The openrc is then demo's, else the
      registry's;
    - `registry`: the credentials of user `registry` on project `registry`, with the roles
      `member`, `service` (he may validate tokens, and vouch for those that expire) and
      `image_registry` (Glance shows him the rows of all projects); `admin`: those of the cloud's
      admin;
    - `keystone_process`, `glance_process`: the gunicorn masters, with `.pid`, `.is_running`,
      `.log`; after a kill `restart_glance()` brings Glance back at the same address.

    `stop()` may be called at any time, also twice; a stopped cloud can be started again and
    finds its data. Both processes end with the thread that called start().
    """

    def __init__(
        self,
        state: Path,
        keystone_port: int | None = None,
        glance_port: int | None = None,
        *,
        demo: bool = False,
    ) -> None:
        _require("keystone", "glance", "gunicorn")
        self.state = state.absolute()
        log = self.state / "log"
        log.mkdir(mode=0o700, parents=True, exist_ok=True)
        ports = RememberedPorts(self.state / "ports.json")
        self._keystone = Keystone(
            self.state / "keystone",
            log / "keystone.log",
            ports.assign("keystone", keystone_port, KEYSTONE_PORT),
        )
        self._glance = Glance(
            self.state / "glance",
            log / "glance.log",
            ports.assign("glance", glance_port, GLANCE_PORT),
        )
        self._passwords = Passwords(self.state / "passwords.json")
        self.admin = self._credentials("admin", "admin")
        self.registry = self._credentials("registry", "registry")
        self._validator = self._credentials("glance", "service")
        self._demo = {DEMO: "member", VIEWER: "reader"} if demo else {}
        self.clouds_yaml = self.state / "clouds.yaml"
        self.openrc = self.state / "openrc"
        self.keystone_process: Process
        self.glance_process: Process
        self._configure()

    @property
    def auth_url(self) -> str:
        """The Identity API's address, ending in /v3."""
        return self._keystone.auth_url

    @property
    def glance_url(self) -> str:
        """The Image service's address, without a version."""
        return self._glance.url

    @property
    def processes(self) -> list[Process]:
        """Keystone's and Glance's, in the order in which they are to be stopped."""
        return [self.glance_process, self.keystone_process]

    @property
    def addresses(self) -> dict[str, str]:
        """The services' URLs, by the processes' names."""
        return {"glance": self.glance_url, "keystone": self.auth_url}

    def start(self) -> None:
        """Start both services and wait until they answer; raises CannotStart and stops both."""
        try:
            self._start_services()
            self.keystone_process.wait_answering(self.auth_url)
            self._seed()
            self.glance_process.wait_answering(self._glance.health_url)
        except BaseException:
            self.stop()
            raise

    def restart_glance(self) -> None:
        """Stop Glance if it runs, start it again and wait until it answers."""
        self.glance_process.stop()
        self.glance_process.start()
        self.glance_process.wait_answering(self._glance.health_url)

    def stop(self) -> None:
        """Stop both services and wait for their end."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.stop()

    def _configure(self) -> None:
        """Write every configuration file."""
        self._keystone.configure()
        self._glance.configure(self._validator)
        self.keystone_process = self._keystone.process()
        self.glance_process = self._glance.process()
        self._write_credentials()

    def _write_credentials(self) -> None:
        """Write what tells clients who they are."""
        clouds = {CLOUD_NAME: self.registry, f"{CLOUD_NAME}-admin": self.admin}
        clouds |= {name: self._credentials(name, DEMO) for name in self._demo}
        user = DEMO if self._demo else CLOUD_NAME
        write_private(self.clouds_yaml, clouds_yaml(clouds))
        write_private(self.openrc, openrc(self.openrc, user, clouds, self.clouds_yaml))

    def _start_services(self) -> None:
        """Start both, each as soon as its schema is there; both schemas are made at once."""
        keystone_setup = self._keystone.setup(self.admin.password)
        glance_setup = self._glance.setup()
        setups = [setup for setup in (keystone_setup, glance_setup) if setup]
        try:
            for setup in setups:
                setup.start()
            # Keystone's takes longer, and Glance starts without Keystone.
            if glance_setup:
                glance_setup.wait_finished()
                self._glance.remember_setup()
            self.glance_process.start()
            if keystone_setup:
                keystone_setup.wait_finished()
                self._keystone.remember_setup()
            self.keystone_process.start()
        finally:
            for setup in setups:
                setup.stop()

    def _seed(self) -> None:
        """Make sure that Keystone knows the users and the addresses."""
        identity = Identity(self.admin)
        try:
            identity.user(self._validator, SERVICE_ROLE)
            identity.user(self.registry, "member", SERVICE_ROLE, REGISTRY_ROLE)
            for name, role in self._demo.items():
                identity.user(self._credentials(name, DEMO), role)
            identity.service("keystone", "identity", self.auth_url, REGION)
            identity.service("glance", "image", self.glance_url, REGION)
        except ClientException as error:
            log = self.keystone_process.log
            raise CannotStart(f"keystone cannot be set up: {error}; see {log}") from error

    def _credentials(self, username: str, project: str) -> Credentials:
        password = self._passwords.of(username)
        return Credentials(self.auth_url, username, password, project, REGION)


def _require(*modules: str) -> None:
    """Raise CannotStart when a package of the extra `embedded` is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotStart(
            f"{' and '.join(missing)} not installed: pip install 'registry-glance[embedded]'"
        )
