"""A member of a project, with docker on one side and Nova on the other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import requests

from tests.clients.program import Program
from tests.nova import busybox
from tests.nova.lifecycle.region import Region, connect
from tests.nova.lifecycle.server import Server
from tests.tenants import Tenant

#: The availability zone of the compute hosts that all tests may use.
ZONE = "docker"


class Member:
    """Whoever pushes and boots."""

    def __init__(self, tenant: Tenant, region: Region, docker: Program) -> None:
        self.tenant = tenant
        self.region = region
        self.docker = docker
        self.connection = connect(tenant.credentials)

    @property
    def compute(self) -> Any:
        """Nova as he sees it."""
        return self.connection.compute

    @cached_property
    def flavors(self) -> dict[str, str]:
        """The flavors' IDs by their names."""
        return {flavor.name: flavor.id for flavor in self.compute.flavors()}

    def login(self) -> None:
        """`docker login`."""
        password = self.tenant.password.encode()
        address = self.region.registry.address
        words = ("login", "--username", self.tenant.login, "--password-stdin", address)
        self.docker(*words, stdin=password)

    def push(self, name: str, command: str, *changes: str) -> str:
        """Push an image that runs `command` in busybox; the ID of its row in Glance."""
        busybox.push(self.docker, self.region.registry.reference(name), command, *changes)
        return self.image(name)

    def image(self, name: str) -> str:
        """The ID of the row of this name."""
        return self.tenant.image(name)

    def layers(self, repository: str, reference: str) -> list[str]:
        """The digests of an image's layers, the lowest first."""
        url = f"{self.region.registry.url}/v2/{repository}/manifests/{reference}"
        headers = {"Authorization": f"Bearer {self.tenant.token()}"}
        answer = requests.get(url, headers=headers, timeout=30)
        return [layer["digest"] for layer in answer.json()["layers"]]

    def may_pull(self, image: str) -> bool:
        """Whether the registry gives him an image of Glance."""
        said = self.connection.image.get_image(image).properties
        url = f"{self.region.registry.url}/v2/{said['oci_repository']}"
        headers = {"Authorization": f"Bearer {self.tenant.token()}"}
        answer = requests.head(f"{url}/manifests/{said['oci_digest']}", headers=headers, timeout=30)
        return answer.status_code == requests.codes.ok

    def ask(self, image: str, name: str = "test", **options: Any) -> Server:
        """Ask for a server, which is being built then."""
        asked = {
            "name": name,
            "image_id": image,
            "flavor_id": self.flavors[options.pop("flavor", "m1.nano")],
            "networks": "none",
            "availability_zone": ZONE,
            **options,
        }
        return Server(self, self.compute.create_server(**asked).id)

    def boot(self, image: str, name: str = "test", **options: Any) -> Server:
        """A server that runs."""
        return self.ask(image, name, **options).wait("ACTIVE")

    def delete(self, servers: Iterable[Server]) -> None:
        """Delete servers, whatever their state, and wait until they are gone without a trace."""
        gone = list(servers)
        for server in gone:
            self.compute.delete_server(server.id)
        for server in gone:
            server.wait_gone()
        self.region.check_nothing_left(server.id for server in gone)
