"""The embedded MariaDB: one server, one user, a database for each service."""

import getpass
from collections.abc import Iterable
from pathlib import Path

from ..ports import LOOPBACK
from ..private_file import write_private
from ..process import Process
from .programs import program

PACKAGE = "mariadb-server"
_USER = "openstack"

_ACCOUNT = """\
CREATE OR REPLACE USER '{user}'@'{host}' IDENTIFIED BY '{password}';
"""
_DATABASE = """\
CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb3;
GRANT ALL ON `{name}`.* TO '{user}'@'{host}';
"""

# A crash of a service loses nothing, a power failure may: as with the SQLite files beside it.
_OPTIONS = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-buffer-pool-size=128M",
    "--performance-schema=off",
    "--skip-log-bin",
    # Each service keeps some connections in each of its processes.
    "--max-connections=400",
    "--skip-name-resolve",
)


class MariaDB:
    """MariaDB on loopback with its data in `folder`; the system's own is not touched."""

    def __init__(self, folder: Path, log: Path, port: int, password: str) -> None:
        self._folder = folder
        self._log = log
        self._port = port
        self._password = password
        self._server = program("mariadbd", PACKAGE)

    @property
    def address(self) -> str:
        """The server's address as a URL, without a password."""
        return f"mysql://{LOOPBACK}:{self._port}"

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database, with the password."""
        place = f"{_USER}:{self._password}@{LOOPBACK}:{self._port}"
        return f"mysql+pymysql://{place}/{database}?charset=utf8mb4"

    def configure(self, databases: Iterable[str]) -> None:
        """Write what the server makes sure of when it starts: the user and the databases."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = {"user": _USER, "host": LOOPBACK}
        statements = [_ACCOUNT.format(**account, password=self._password)]
        statements += [_DATABASE.format(**account, name=name) for name in databases]
        write_private(self._start, "".join(statements))

    def setup(self) -> Process | None:
        """Return the process (not started) that makes the data folder, if there is none."""
        if (self._data / "mysql" / "db.frm").exists():
            return None
        command = [
            program("mariadb-install-db", PACKAGE),
            *self._common(),
            # Nobody who only reaches the port may be root, not even before the first start.
            "--auth-root-authentication-method=socket",
            f"--auth-root-socket-user={getpass.getuser()}",
            "--skip-test-db",
            "--skip-name-resolve",
        ]
        return Process("mariadb's setup", command, self._log)

    def process(self) -> Process:
        """Return the server's process, not started."""
        command = [
            self._server,
            *self._common(),
            f"--init-file={self._start}",
            f"--bind-address={LOOPBACK}",
            f"--port={self._port}",
            # Below the data folder, where the server stands: a path may be too long for a socket.
            "--socket=server.sock",
            "--pid-file=server.pid",
            *_OPTIONS,
        ]
        return Process("mariadb", command, self._log)

    def is_ready(self) -> bool:
        """Whether our user can log in."""
        import pymysql

        try:
            pymysql.connect(
                host=LOOPBACK, port=self._port, user=_USER, password=self._password
            ).close()
        except pymysql.MySQLError:
            return False
        return True

    def _common(self) -> list[str]:
        # Who is root must say so, or the server refuses to start.
        return ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={self._data}"]

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _start(self) -> Path:
        return self._folder / "start.sql"
