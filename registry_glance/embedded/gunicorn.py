"""Gunicorn as the server of Keystone, of Glance and of what stands beside them."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from .ports import LOOPBACK
from .process import Process

_CONFIG = """\
# Glance asks for it when the interpreter ends, which is too late for a first import.
import concurrent.futures.thread
import gc
import pathlib
{transactions}
wsgi_app = {application!r}
bind = {address!r}
worker_class = "gthread"
workers = {workers}
threads = {threads}
# Load the service once and fork: half the start-up time, and a dead worker is back at once.
preload_app = {preload}
# Longer than a client's connection pool keeps a connection, so that the client closes first.
keepalive = 75
# Glance's `id=in:` lists and filters make long request lines.
limit_request_line = 8190
graceful_timeout = 5
control_socket_disable = True


def pre_fork(server, worker):
    # What the service has loaded stays to the end: the collector need not look at it again, which
    # would copy its memory into each worker and make their end slow.
    gc.freeze()


def when_ready(server):
    pathlib.Path({listens!r}).touch()
"""


_TRANSACTIONS = """
from registry_glance.embedded import transactions

transactions.install()
"""


@dataclass(frozen=True)
class Server:
    """A WSGI application to be served on a loopback port.

    `sqlite` says that its database is one. `preload` must be false for an application that starts
    threads or opens connections when it is loaded: they do not survive the fork.
    """

    name: str
    application: str
    port: int
    workers: int
    threads: int
    sqlite: bool = True
    preload: bool = True

    @property
    def url(self) -> str:
        """The server's root address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    def process(self, folder: Path, log: Path, environment: dict[str, str]) -> Process:
        """Write the server's configuration into `folder` and return its process, not started."""
        config, listens = folder / "gunicorn.conf.py", folder / "listens"
        config.write_text(self._config(listens))
        # By the environment: Keystone reads the command line as its own.
        options = {"GUNICORN_CMD_ARGS": f"--config {shlex.quote(str(config))}"}
        command = [sys.executable, "-m", "gunicorn"]
        return Process(self.name, command, log, {**environment, **options}, folder, listens)

    def _config(self, listens: Path) -> str:
        return _CONFIG.format(
            application=self.application,
            address=f"{LOOPBACK}:{self.port}",
            workers=self.workers,
            threads=self.threads,
            listens=str(listens),
            transactions=_TRANSACTIONS if self.sqlite else "",
            preload=self.preload,
        )
