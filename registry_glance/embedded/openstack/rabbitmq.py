"""The embedded RabbitMQ, by which Nova's services speak with each other."""

import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from ..ports import LOOPBACK
from ..private_file import write_private
from ..process import Process
from .programs import program

PACKAGE = "rabbitmq-server"
_USER = "nova"

_CONFIG = """\
listeners.tcp.1 = {host}:{port}
default_user = {user}
default_pass = {password}
log.console = true
log.console.level = warning
# Whoever asks for a queue that is not there yet would be reported.
log.channel.level = critical
log.file = false
"""

# No busy waiting of idle schedulers, and no port for other machines.
_ERLANG = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"


@dataclass(frozen=True)
class Ports:
    """The broker's own, that of Erlang nodes, and that of the daemon which knows these."""

    amqp: int
    nodes: int
    epmd: int


class RabbitMQ:
    """RabbitMQ on loopback with all it keeps in `folder`; the system's own is not touched.

    It begins empty each time: Nova's queues do not outlive the broker anyway.
    """

    def __init__(self, folder: Path, log: Path, ports: Ports, password: str) -> None:
        self._folder = folder
        self._log = log
        self._ports = ports
        self._password = password
        self._server = program("rabbitmq-server", PACKAGE)
        self._epmd = program("epmd", "erlang-base")

    @property
    def address(self) -> str:
        """The broker's address as a URL, without a password."""
        return f"amqp://{LOOPBACK}:{self._ports.amqp}"

    @property
    def url(self) -> str:
        """oslo.messaging's URL, with the password."""
        return f"rabbit://{_USER}:{self._password}@{LOOPBACK}:{self._ports.amqp}/"

    def configure(self) -> None:
        """Make the folder anew, with the settings and a new secret of the Erlang node."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700, parents=True)
        cookie = self._folder / ".erlang.cookie"
        write_private(cookie, secrets.token_hex(32))
        cookie.chmod(0o400)
        config = _CONFIG.format(
            host=LOOPBACK, port=self._ports.amqp, user=_USER, password=self._password
        )
        write_private(self._folder / "rabbitmq.conf", config)
        (self._folder / "enabled_plugins").write_text("[].\n")

    def epmd(self) -> Process:
        """Return the process of Erlang's port mapper, which must listen before the broker starts.

        The broker would start one that outlives it.
        """
        command = [self._epmd, "-port", str(self._ports.epmd), "-address", LOOPBACK]
        return Process("epmd", command, self._log)

    def process(self) -> Process:
        """Return the broker's process, not started."""
        folder = self._folder
        environment = {
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "ERL_EPMD_PORT": str(self._ports.epmd),
            "RABBITMQ_NODENAME": "registry-glance@localhost",
            "RABBITMQ_DIST_PORT": str(self._ports.nodes),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
            # The system's settings, which are not for this one.
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_CONFIG_FILES": str(folder / "none.d"),
            # Without a shell in between, which would outlive a parent that is killed.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
        return Process("rabbitmq", [self._server], self._log, environment, folder)

    def epmd_listens(self) -> bool:
        """Whether the port mapper takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self._ports.epmd)) == 0

    def is_ready(self) -> bool:
        """Whether our user can log in."""
        return self._asked(None)

    def serves(self, queue: str) -> bool:
        """Whether somebody takes messages from a queue: that service is there, and serves."""
        return self._asked(queue)

    def _asked(self, queue: str | None) -> bool:
        import amqp

        place = f"{LOOPBACK}:{self._ports.amqp}"
        try:
            with amqp.Connection(place, _USER, self._password, connect_timeout=5) as connection:
                if queue is None:
                    return True
                found = connection.channel().queue_declare(queue, passive=True)
                return bool(found.consumer_count)
        except (OSError, amqp.AMQPError):
            return False
