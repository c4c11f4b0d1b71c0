"""The embedded Placement, which knows what compute hosts have left."""

from pathlib import Path

from ..credentials import Credentials
from ..gunicorn import Server
from ..private_file import write_private
from ..process import Process
from .login import validation

DATABASE = "placement"

_CONFIG = """\
[DEFAULT]
use_stderr = true
[placement_database]
connection = {database}
{validation}"""


class Placement:
    """Placement's API under gunicorn."""

    def __init__(self, folder: Path, log: Path, port: int) -> None:
        self._folder = folder
        self._log = log
        self._server = Server(
            "placement", "placement.wsgi.api:application", port, 1, 8, sqlite=False, preload=False
        )

    @property
    def url(self) -> str:
        """The service's address, which answers without a token."""
        return self._server.url

    @property
    def config(self) -> Path:
        """placement.conf."""
        return self._folder / "placement.conf"

    def configure(self, database: str, user: Credentials) -> None:
        """Write placement.conf; `user` validates tokens."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.config, _CONFIG.format(database=database, validation=validation(user)))

    def process(self) -> Process:
        """Return the service's process, not started."""
        environment = {"OS_PLACEMENT_CONFIG_DIR": str(self._folder)}
        return self._server.process(self._folder, self._log, environment)
