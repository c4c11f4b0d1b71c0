"""What servers are booted on: an OpenStack with two compute hosts, a registry, an Engine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.nova.session import Session
from registry_glance.embedded.cloud import Cloud
from registry_glance.embedded.openstack import Hypervisor, OpenStack
from tests.clients.engine import Engine
from tests.clients.tarballs import packed
from tests.registry import RegistryProcess, settings
from tests.tenants import settle

#: Host in Nova -> its compute_driver.
HOSTS = {"fake": "fake.FakeDriver", "docker": "docker.DockerDriver"}
NAME = "stays:latest"
STAYS = 'CMD ["/bin/busybox", "sleep", "100000"]'


@dataclass(frozen=True)
class Site:
    """All of it, running. `member` boots `image`; `reference` is that image to docker."""

    openstack: OpenStack
    engine: Engine
    member: Session
    admin: Session
    image: str
    reference: str

    def choose(self, host: str) -> None:
        """Let servers be booted on this host and on no other."""
        url = f"{self.openstack.compute_url}/os-services"
        for service in self.admin.call("GET", f"{url}?binary=nova-compute")["services"]:
            status = "enabled" if service["host"] == host else "disabled"
            if service["status"] != status:
                self.admin.call("PUT", f"{url}/{service['id']}", status=status)


@contextmanager
def started(folder: Path, auth: str) -> Iterator[Site]:
    """Start everything, with an image in the registry; `auth` is the registry's setting."""
    if reason := obstacle():
        sys.exit(f"nothing can be measured here: {reason}")
    with ExitStack() as stack:
        cloud = Cloud(folder / "cloud", keystone_port=0, glance_port=0)
        openstack = OpenStack(cloud, Hypervisor("fake", HOSTS["fake"]), nova_port=0)
        stack.callback(openstack.stop)
        openstack.start()
        (folder / "registry").mkdir()
        ours = settings(cloud, folder / "registry/state", {"auth": auth})
        registry = RegistryProcess(folder / "registry", ours)
        stack.callback(registry.stop)
        registry.start()
        engine = Engine(folder / "engine")
        engine.start()
        stack.callback(engine.stop)
        openstack.add_compute(
            Hypervisor("docker", HOSTS["docker"], f"unix://{engine.socket}", registry.address)
        )
        tenant = settle(cloud).alice if auth == "keystone" else None
        if tenant:
            password = tenant.password.encode()
            words = ("login", "--username", tenant.login, "--password-stdin", registry.address)
            engine.docker(*words, stdin=password)
        _push(engine, registry.reference(NAME))
        member = Session(tenant.credentials if tenant else cloud.registry)
        (image,) = member.call("GET", f"{cloud.glance_url}/v2/images?name=eq:{NAME}")["images"]
        yield Site(
            openstack, engine, member, Session(cloud.admin), image["id"], registry.reference(NAME)
        )


def obstacle() -> str | None:
    """Why nothing can be measured on this machine, or None."""
    return Engine.obstacle() or (None if shutil.which("busybox") else "not installed: busybox")


def _push(engine: Engine, reference: str) -> None:
    busybox = shutil.which("busybox")
    assert busybox
    root = packed({"bin/busybox": Path(busybox).read_bytes()})
    engine.docker("import", "--change", STAYS, "-", reference, stdin=root)
    engine.docker("push", reference)
