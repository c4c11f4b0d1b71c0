"""Who makes images and boots them: docker on one side, Nova's view of Glance on the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from nova import context
from nova.image import glance

from registry_glance.embedded.credentials import Credentials
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import Cloud
from tests.clients.engine import Engine
from tests.nova import busybox
from tests.registry import Registry


@dataclass(frozen=True)
class User:
    """A user of the cloud, and of a registry on it."""

    credentials: Credentials
    engine: Engine
    registry: Registry

    @cached_property
    def context(self) -> Any:
        """The context of a request that he made to Nova."""
        session = Session(auth=v3.Password(**self.credentials.as_auth()))
        # Whatever proxy the machine has: Keystone is on it.
        session.session.trust_env = False
        return context.RequestContext(
            user_id=session.get_user_id(),
            project_id=session.get_project_id(),
            auth_token=session.get_token(),
            overwrite=False,
        )

    @cached_property
    def glance(self) -> Glance:
        """Glance as he sees it."""
        user = self.credentials
        return Glance(Cloud(auth=user.as_auth(), region=user.region))

    def login(self, name: str) -> None:
        """`docker login`."""
        password = self.credentials.password.encode()
        words = ("login", "--username", name, "--password-stdin", self.registry.address)
        self.engine.docker(*words, stdin=password)

    def push(self, name: str, command: str, *changes: str) -> str:
        """Push an image that runs `command` in busybox; the ID of its row in Glance."""
        busybox.push(self.engine.docker, self.registry.reference(name), command, *changes)
        return self.row(name)

    def row(self, name: str) -> str:
        """The ID of the row that has this name now."""
        (row,) = self.glance.named(name)
        return str(row["id"])

    def image(self, image: str) -> dict[str, Any]:
        """An image as Nova gets it from Glance."""
        found: dict[str, Any] = glance.API().get(self.context, image)
        return found
