"""Composition root of the driver: the one place that builds things, out of nova.conf."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nova import exception

from .commits import Commits
from .console import Console
from .containers import Containers
from .creation import Terms
from .engine.client import Engine
from .events import Events
from .image_cache import ImageCache
from .images import Images
from .inventory import Disk
from .limits import can_limit_disk
from .migrations import Migrations
from .network.network import Network
from .network.wiring import Wiring
from .registry import authority, is_exposed
from .servers import Servers
from .snapshots import Snapshots
from .volumes import Volumes

log = logging.getLogger(__name__)


class Node:
    """A Docker Engine as a node of Nova, with all that the driver's methods need.

    Building it asks the Engine. Raises an EngineError; InvalidConfiguration for options that cannot
    be used, or a registry to which the Engine would send tokens unprotected.
    """

    def __init__(
        self, options: Any, host: str, emit: Callable[[str, int], None], wiring: Wiring
    ) -> None:
        """`options`: the group [docker]; `emit` is told of lifecycle events."""
        self.host = host
        try:
            self.engine = Engine(options.host_url, options.timeout)
        except ValueError as error:
            raise exception.InvalidConfiguration(f"[docker] host_url: {error}") from None
        info = self.info()
        _check_registry(options, info)
        registry = authority(options.registry_host, options.registry_port)
        terms = Terms(
            host,
            options.pids_limit,
            options.console_size,
            can_limit_disk(info, Path("/proc/mounts").read_text()),
        )
        images = Images(self.engine, options.pull_timeout)
        self.containers = Containers(self.engine, host, options.timeout)
        self.network = Network(self.containers)
        self.servers = Servers(self.containers, images, self.network, wiring, terms, registry)
        patience = options.commit_timeout
        volumes = Volumes(self.engine, patience)
        commits = Commits(self.engine, images, volumes, registry, patience)
        self.snapshots = Snapshots(commits, images, registry, pause=options.snapshot_pause)
        self.migrations = Migrations(
            host,
            registry,
            self.containers,
            self.servers,
            images,
            commits,
            terms,
        )
        self.image_cache = ImageCache(self.engine, images, registry)
        self.console = Console(self.engine, self.containers, options.timeout)
        self.events = Events(self.engine, self.containers, host, emit)
        log.info("Docker Engine %s, images from %s", info["ServerVersion"], registry)

    def info(self) -> dict[str, Any]:
        """What the Engine says of itself and its host (Engine API, SystemInfo)."""
        info: dict[str, Any] = self.engine.get("/info")
        return info

    def stats(self, container: str) -> dict[str, Any]:
        """What a container uses just now (Engine API, ContainerStats)."""
        query: dict[str, Any] = {"stream": False, "one-shot": True}
        stats: dict[str, Any] = self.engine.get(f"/containers/{container}/stats", **query)
        return stats


def disk(info: dict[str, Any]) -> Disk:
    """The disk for images and containers. Raises InvalidConfiguration if it is not seen here."""
    folder = info["DockerRootDir"]
    try:
        return Disk.below(folder)
    except OSError as error:
        raise exception.InvalidConfiguration(
            f"nova-compute must see the Docker Engine's {folder}: {error.strerror}"
        ) from None


def _check_registry(options: Any, info: dict[str, Any]) -> None:
    host, port = options.registry_host, options.registry_port
    if not options.registry_insecure and is_exposed(info, host, port):
        raise exception.InvalidConfiguration(
            f"the Docker Engine would send tokens to {authority(host, port)} without verified TLS; "
            "take it off the Engine's insecure-registries, or set [docker] registry_insecure"
        )
