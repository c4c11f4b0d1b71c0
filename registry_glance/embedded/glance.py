"""The embedded Glance: its configuration, its database, its process."""

import importlib.metadata
import sys
from pathlib import Path

from . import paste, sqlite
from .credentials import Credentials
from .gunicorn import Server
from .private_file import write_private
from .process import Process

_CONFIG = """\
[DEFAULT]
use_stderr = true
enabled_backends = file:file
# A blob's os_hash_value is then its digest.
hashing_algorithm = sha256
{database}
[glance_store]
default_backend = file
[file]
filesystem_store_datadir = {folder}/images
[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks
[paste_deploy]
flavor = keystone
config_file = {folder}/glance-api-paste.ini
[keystone_authtoken]
www_authenticate_uri = {user.auth_url}
auth_url = {user.auth_url}
auth_type = password
username = {user.username}
password = {user.password}
project_name = {user.project}
user_domain_name = Default
project_domain_name = Default
region_name = {user.region}
# Validated tokens are kept in each worker's memory for this many seconds.
token_cache_time = 300
# A caller's token may expire while he uploads, if the registry's own vouches for it.
service_token_roles = service
service_token_roles_required = true
[oslo_policy]
policy_file = {folder}/policy.yaml
"""

# The registry reads, with its own token, rows that Glance has shown to a caller with his.
_POLICY = """\
context_is_admin: "role:admin or role:{registry}"
"""


#: Glance shows those who have it the rows of all projects; elsewhere it means nothing.
REGISTRY_ROLE = "image_registry"


class Glance:
    """Glance's API under gunicorn, with SQLite and the images' files in `folder`."""

    def __init__(self, folder: Path, log: Path, port: int) -> None:
        self._folder = folder
        self._log = log
        self._server = Server("glance", "glance.wsgi.api:application", port, 2, 8)

    @property
    def url(self) -> str:
        """The address of the Image service, without a version."""
        return self._server.url

    @property
    def health_url(self) -> str:
        """An address that answers 200 without a token."""
        return f"{self._server.url}/healthcheck"

    def configure(self, user: Credentials) -> None:
        """Write glance-api.conf, the policy and the Paste file; `user` validates tokens."""
        for name in ("images", "staging", "tasks"):
            (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        database = sqlite.section(self._folder / "glance.db")
        text = _CONFIG.format(database=database, folder=self._folder, user=user)
        write_private(self._config, text)
        (self._folder / "policy.yaml").write_text(_POLICY.format(registry=REGISTRY_ROLE))
        pipeline = paste.with_name_filter(paste.installed())
        (self._folder / "glance-api-paste.ini").write_text(pipeline)

    def setup(self) -> Process | None:
        """Return the process (not started) that makes the schema, if needed."""
        if self._schema.exists() and self._schema.read_text() == _version():
            return None
        command = [sys.executable, "-m", "glance.cmd.manage", "--config-file", str(self._config)]
        return Process("glance's setup", [*command, "db_sync"], self._log)

    def remember_setup(self) -> None:
        """Note that the setup is done for the installed version of Glance."""
        self._schema.write_text(_version())

    def process(self) -> Process:
        """Return the service's process, not started."""
        environment = {"OS_GLANCE_CONFIG_DIR": str(self._folder)}
        return self._server.process(self._folder, self._log, environment)

    @property
    def _config(self) -> Path:
        return self._folder / "glance-api.conf"

    @property
    def _schema(self) -> Path:
        return self._folder / "schema-version"


def _version() -> str:
    return importlib.metadata.version("glance")
