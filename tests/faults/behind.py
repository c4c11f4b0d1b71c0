"""A registry that reaches Glance, and Keystone, through proxies only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from tests.api.client import Client
from tests.faults.proxy import Proxy
from tests.registry import RegistryProcess, merged, settings


class EarlyRegistry(RegistryProcess):
    """One that is started before Keystone or Glance."""

    def start(self) -> None:
        """Return when it listens."""
        self._process.start()
        self._process.wait_answering(f"{self.url}/healthz")


@dataclass
class Behind:
    """The registry, what is between it and the cloud, and a client of it."""

    registry: RegistryProcess
    glance: Proxy
    keystone: Proxy

    @property
    def client(self) -> Client:
        return Client(self.registry.address)

    def settle(self) -> None:
        """No faults, nothing counted."""
        for proxy in (self.glance, self.keystone):
            proxy.heal()
            proxy.forget()

    def check_log(self, password: str) -> None:
        """Whatever happened was foreseen, and no secret has been told."""
        log = self.registry.log
        assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
        secrets = [*self.glance.tokens, *self.keystone.tokens, password]
        assert not [secret for secret in secrets if secret and secret in log]


@contextmanager
def behind(cloud: Cloud, folder: Path, *, start: bool = True, **changes: Any) -> Iterator[Behind]:
    """One with `changes` to its settings, started unless it is to be later."""
    with ExitStack() as stack:
        glance, keystone = Proxy(cloud.glance_url), Proxy(cloud.auth_url)
        stack.callback(glance.close)
        stack.callback(keystone.close)
        clouds = write_clouds(cloud, folder / "clouds.yaml", glance.url, keystone.url)
        base = settings(cloud, folder / "state", {"cloud": {"config_file": str(clouds)}})
        registry = (RegistryProcess if start else EarlyRegistry)(folder, merged(base, changes))
        stack.callback(registry.stop)
        if start:
            registry.start()
        found = Behind(registry, glance, keystone)
        yield found
        found.check_log(cloud.registry.password)


def write_clouds(cloud: Cloud, path: Path, glance: str, keystone: str) -> Path:
    """clouds.yaml, with these addresses instead of the real ones."""
    content = yaml.safe_load(cloud.clouds_yaml.read_text())
    entry = content["clouds"][CLOUD_NAME]
    entry["auth"]["auth_url"] = keystone + urlsplit(entry["auth"]["auth_url"]).path
    entry["image_endpoint_override"] = glance
    path.write_text(yaml.safe_dump(content))
    path.chmod(0o600)
    return path
