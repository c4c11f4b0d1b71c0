"""The embedded Keystone: its configuration, its database, its process."""

import importlib.metadata
import json
import sys
from pathlib import Path

from . import sqlite
from .gunicorn import Server
from .process import Process

REGION = "RegionOne"

_CONFIG = """\
[DEFAULT]
use_stderr = true
{database}
[identity]
# Passwords here are long and random, so slow hashing would only cost time at each login.
password_hash_rounds = 4
[token]
provider = fernet
expiration = 86400
[fernet_tokens]
key_repository = {fernet_keys}
[fernet_receipts]
key_repository = {fernet_keys}
[credential]
key_repository = {credential_keys}
"""


class Keystone:
    """Keystone under gunicorn, with SQLite and fernet keys in `folder`."""

    def __init__(self, folder: Path, log: Path, port: int) -> None:
        self._folder = folder
        self._log = log
        self._server = Server("keystone", "keystone.wsgi.api:application", port, 1, 8)

    @property
    def auth_url(self) -> str:
        """The address of the Identity API."""
        return f"{self._server.url}/v3"

    def configure(self) -> None:
        """Write keystone.conf."""
        fernet_keys = self._folder / "fernet-keys"
        credential_keys = self._folder / "credential-keys"
        for folder in (self._folder, fernet_keys, credential_keys):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = sqlite.section(self._folder / "keystone.db")
        self._config.write_text(
            _CONFIG.format(
                database=database, fernet_keys=fernet_keys, credential_keys=credential_keys
            )
        )

    def setup(self, admin_password: str) -> Process | None:
        """Return the process (not started) that makes schema, keys and the admin, if needed."""
        if self._schema.exists() and self._schema.read_text() == _version():
            return None
        task = {"config": str(self._config), "password": admin_password, "region": REGION}
        command = [sys.executable, "-m", f"{__package__}.keystone_setup"]
        # By the environment: anybody on the machine can read a command line.
        environment = {"REGISTRY_GLANCE_KEYSTONE_SETUP": json.dumps(task)}
        return Process("keystone's setup", command, self._log, environment)

    def remember_setup(self) -> None:
        """Note that the setup is done for the installed version of Keystone."""
        self._schema.write_text(_version())

    def process(self) -> Process:
        """Return the service's process, not started."""
        environment = {"OS_KEYSTONE_CONFIG_DIR": str(self._folder)}
        return self._server.process(self._folder, self._log, environment)

    @property
    def _config(self) -> Path:
        return self._folder / "keystone.conf"

    @property
    def _schema(self) -> Path:
        return self._folder / "schema-version"


def _version() -> str:
    return importlib.metadata.version("keystone")
