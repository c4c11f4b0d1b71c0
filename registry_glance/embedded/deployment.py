"""The cloud and a registry on it, in one state folder."""

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from . import record
from .cloud import CLOUD_NAME, Cloud
from .errors import CannotStart
from .lock import Lock
from .openstack import Hypervisor, OpenStack
from .ports import is_free, require_free
from .process import Process


class Deployment:
    """Keystone, Glance and the registry, which live and stop together.

    `settings` are those of the registry's config.yml, to which the cloud's are added. With
    `auth: keystone` the cloud gets a project and users to try it with. With a `hypervisor` there
    are Placement and Nova, too, and servers are booted from this registry. Raises CannotStart when
    one runs in the folder already, when a port is in use, or when something is not installed.
    """

    def __init__(
        self,
        state: Path,
        listen: tuple[str, int],
        keystone_port: int | None,
        glance_port: int | None,
        settings: Mapping[str, Any],
        hypervisor: Hypervisor | None = None,
        nova_port: int | None = None,
    ) -> None:
        self._state = state.absolute()
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = lock_of(self._state)
        self._lock.acquire()
        self._outlive_killed()
        host, port = listen
        self._address = f"{_bracketed(host)}:{require_free(port, 'the registry', host)}"
        self._auth: str = settings.get("auth", "none")
        self._scheme = "https" if (settings.get("tls") or {}).get("certificate") else "http"
        demo = self._auth == "keystone"
        self._cloud = Cloud(self._state, keystone_port, glance_port, demo=demo)
        self._openstack: OpenStack | None = None
        if hypervisor:
            hypervisor = replace(hypervisor, registry=self.address)
            self._openstack = OpenStack(self._cloud, hypervisor, nova_port)
        self._registry = self._registry_process(settings)

    @property
    def address(self) -> str:
        """The registry's HOST:PORT, as `docker push` wants it."""
        host, _, port = self._address.rpartition(":")
        return f"{_ANYWHERE.get(host, host)}:{port}"

    def start(self) -> None:
        """Start all and wait until the registry answers; raises CannotStart."""
        self._below.start()
        self._registry.start()
        self._registry.wait_answering(f"{self._url}/healthz")
        record.write(record_of(self._state), self._services())

    def watch(self) -> None:
        """Return never; raises CannotStart when one of the processes has ended."""
        while True:
            for process in self._processes():
                if not process.is_running:
                    raise CannotStart(process.obituary())
            time.sleep(0.3)

    def stop(self) -> None:
        """Stop what runs, the registry first, so that it can finish what it does."""
        self._registry.stop()
        self._below.stop()
        record_of(self._state).unlink(missing_ok=True)
        self._lock.release()

    @property
    def _url(self) -> str:
        return f"{self._scheme}://{self.address}"

    def _outlive_killed(self) -> None:
        """Wait until what a killed predecessor had started has given its ports back."""
        path = record_of(self._state)
        services = record.read(path)
        deadline = time.monotonic() + _PATIENCE
        while not all(_is_over(service) for service in services):
            if time.monotonic() > deadline:
                break  # then somebody else has them
            time.sleep(0.1)
        path.unlink(missing_ok=True)

    @property
    def _below(self) -> Cloud | OpenStack:
        """What the registry stands on, and what boots from it."""
        return self._openstack or self._cloud

    def _processes(self) -> list[Process]:
        return [self._registry, *self._below.processes]

    def _services(self) -> list[record.Service]:
        addresses = {self._registry.name: self._url, **self._below.addresses}
        return [
            record.Service(process.name, addresses.get(process.name, ""), process.pid)
            for process in self._processes()
        ]

    def _registry_process(self, settings: Mapping[str, Any]) -> Process:
        config = self._state / "config.yml"
        config.write_text(yaml.safe_dump(self._merged(settings), sort_keys=False))
        command = [sys.executable, "-m", "registry_glance", "serve", "-c", str(config)]
        # Ours, whatever the environment would make of the file's.
        environment = {
            "REGISTRY_GLANCE_LISTEN": self._address,
            "REGISTRY_GLANCE_AUTH": self._auth,
        }
        return Process("registry", command, self._state / "log" / "registry.log", environment)

    def _merged(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        cloud = {"name": CLOUD_NAME, "config_file": str(self._cloud.clouds_yaml)}
        return {
            **settings,
            "listen": self._address,
            "cloud": {**(settings.get("cloud") or {}), **cloud},
            "state": str(self._state / "registry"),
        }


_PATIENCE = 15  # seconds
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def lock_of(state: Path) -> Lock:
    """The lock of a state folder."""
    return Lock(state / "lock")


def record_of(state: Path) -> Path:
    """Where it is written down what runs in a state folder."""
    return state / "running.json"


def _is_over(service: record.Service) -> bool:
    """Whether a killed predecessor's service has ended, which gives its port back."""
    url = urlsplit(service.url)
    return is_free(url.port, url.hostname or "") if url.port else not service.is_running


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
