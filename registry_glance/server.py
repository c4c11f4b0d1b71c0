"""Gunicorn as our HTTP server, and what it is told."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from registry_glance.config import Config
from registry_glance.errors import RegistryError
from registry_glance.worker import worker

logger = logging.getLogger(__name__)

#: mallopt(3): by default every thread may get an arena of its own, which keeps what it once had.
M_ARENA_MAX, ARENAS = -8, 2
#: gunicorn's exit status for "the application cannot be loaded": it does not try again.
APP_LOAD_ERROR = 4


def serve(config: Config, build: Callable[[Config], Flask]) -> int:
    """Serve what `build` makes in every worker, until a signal; the exit status."""
    set_up_logging(config.log.level)
    bound_memory()
    try:
        Server(config, build).run()
    except SystemExit as end:
        return 1 if end.code else 0
    return 0


def set_up_logging(level: str) -> None:
    """Log to standard error; libraries only what is wrong, for their details hold secrets."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    logging.getLogger("registry_glance").setLevel(level.upper())


def bound_memory() -> None:
    """Keep many threads from keeping much memory, where the C library is glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our settings and none from elsewhere."""

    def __init__(self, config: Config, build: Callable[[Config], Flask]) -> None:
        self._config = config
        self._build = build
        super().__init__()

    def load_config(self) -> None:
        for name, value in options(self._config).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, in the worker: sessions and locks do not survive a fork."""
        try:
            return self._build(self._config)
        except RegistryError as error:
            logger.error("cannot start: %s", error or type(error).__name__)
            sys.exit(APP_LOAD_ERROR)


def options(config: Config) -> dict[str, Any]:
    """Gunicorn's settings."""
    return {
        "bind": [config.listen],
        "workers": config.workers,
        "worker_class": worker(config),
        "threads": config.threads,
        "worker_connections": max(1000, 4 * config.threads),
        "certfile": config.tls.certificate,
        "keyfile": config.tls.key,
        # Workers tell that they live from their main thread, however long a body takes.
        "timeout": 120,
        "graceful_timeout": 25,
        # Longer than clients keep idle connections, so that they close first.
        "keepalive": 75,
        "sendfile": True,
        "limit_request_line": 8190,
        "limit_request_fields": 100,
        "limit_request_field_size": 8190,
        # Nobody is believed who says that he forwards for somebody else.
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "control_socket_disable": True,
        "accesslog": None,
        "errorlog": "-",
        "loglevel": config.log.level,
        "proc_name": "registry-glance",
    }
