"""Resizes and cold migrations: a server leaves its container, and arrives in another.

The old container is set aside with all that is in it until Nova confirms or reverts; the new one is
made of its commit. On one host that is all. To another host the commit goes through the registry,
in an image of Glance that is deleted when the server has arrived.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any
from uuid import uuid4

from nova import exception

from . import transit
from .commits import Commit, Commits
from .containers import Container, Containers
from .creation import Terms, check_resize
from .engine.errors import Absent, Denied, EngineError
from .faults import rolled_back
from .images import Images
from .luggage import Kept, Luggage, Sent, packed, unpacked
from .reference import Reference, repository_of
from .servers import Servers

log = logging.getLogger(__name__)

#: Where an instance's system_metadata has what it took along, and from which host, until it has
#: arrived elsewhere; and the image that it took for that, for as long as that may be in Glance.
LUGGAGE, SOURCE, TRANSIT = "docker_luggage", "docker_source", "docker_transit"


class Migrations:
    """The migrations from and to this host. Methods raise an EngineError.

    Glance is asked with the token of `context`.
    """

    def __init__(
        self,
        host: str,
        registry: str,
        containers: Containers,
        servers: Servers,
        images: Images,
        commits: Commits,
        terms: Terms,
    ) -> None:
        """`host`: as this driver is called by those of other hosts; `registry`: HOST:PORT."""
        self._host = host
        self._registry = registry
        self._containers = containers
        self._servers = servers
        self._images = images
        self._commits = commits
        self._terms = terms

    def leave(
        self,
        context: Any,
        instance: Any,
        destination: str,
        flavor: Any,
        network_info: Any,
        timeout: int,
    ) -> Luggage:
        """Stop a server, and set its container aside.

        `timeout`: seconds that it has to end by itself. Raises InstanceFaultRollback if the server
        is as it was before.
        """
        container = self._containers.find(instance.uuid)
        try:
            check_resize(instance.flavor, flavor, self._terms)
        except exception.ResizeError as error:
            raise exception.InstanceFaultRollback(inner_exception=error) from error

        def stay() -> None:
            self.back(context, instance, network_info, power_on=container.is_running)

        with rolled_back(stay):
            self._servers.stop(instance, timeout)
            luggage = self._pack(context, instance, container, destination)
            self._containers.set_aside(instance.uuid)
        return luggage

    def arrive(
        self,
        context: Any,
        instance: Any,
        luggage: Luggage,
        network_info: Any,
        *,
        power_on: bool,
    ) -> None:
        """Make the server of what it took along, start it if `power_on`; or leave nothing behind.

        Raises InstanceFaultRollback if it never left this host, and is as it was before;
        MigrationError if the registry does not have for who asks what it took along; and what
        Servers.remake raises.
        """
        if isinstance(luggage, Kept):
            self._change(context, instance, luggage, network_info, power_on=power_on)
            return
        try:
            commit = self._fetch(context, instance, luggage)
            self._servers.remake(instance, commit.name, network_info, power_on=power_on)
        except Exception:
            with suppress(EngineError):
                self._commits.sweep(instance.uuid)
            raise
        self.settle(context, instance)

    def settle(self, context: Any, instance: Any, *, reverts: bool = False) -> None:
        """Remove all that migrations have left of an instance, and that it does not need.

        If it `reverts`, it needs what was set aside.
        """
        if not reverts:
            self._containers.remove_aside(instance.uuid)
        self._commits.sweep(instance.uuid)
        self._discard(context, instance)

    def back(self, context: Any, instance: Any, network_info: Any, *, power_on: bool) -> None:
        """Have the server in its old container, and running if `power_on`; may be repeated."""
        self._containers.bring_back(instance.uuid)
        self._commits.sweep(instance.uuid)
        self._discard(context, instance)
        if power_on:
            self._servers.start(instance, network_info)

    def recover(self, context: Any, instance: Any, network_info: Any) -> None:
        """Have a container of a server whose migration broke off, if it can be had; not started."""
        if self._containers.has(instance.uuid):
            return
        luggage = instance.system_metadata.get(LUGGAGE)
        if luggage and instance.system_metadata.get(SOURCE) != self._host:
            self.arrive(context, instance, unpacked(luggage), network_info, power_on=False)
        else:
            self.back(context, instance, network_info, power_on=False)

    def _pack(self, context: Any, instance: Any, container: Container, destination: str) -> Luggage:
        if destination == self._host:
            return Kept(self._commits.make(instance.uuid, container).name)
        commit = self._commits.make_whole(instance.uuid, container)
        luggage = self._send(context, instance, commit)
        self._commits.sweep(instance.uuid)
        instance.system_metadata |= {LUGGAGE: packed(luggage), SOURCE: self._host}
        return luggage

    def _send(self, context: Any, instance: Any, commit: Commit) -> Sent:
        # Of an earlier migration by somebody else.
        self._discard(context, instance)
        image, token = str(uuid4()), context.auth_token
        repository = f"{self._registry}/{repository_of(image)}"
        # Before there is one: whoever ends nova-compute now leaves nothing that is not known.
        instance.system_metadata[TRANSIT] = image
        instance.save()
        try:
            transit.make(context, instance, image)
            self._images.push(commit.name, repository, token)
            return Sent(image, self._images.digest(repository, token))
        except Exception:
            self._discard(context, instance)
            raise

    def _change(
        self, context: Any, instance: Any, luggage: Kept, network_info: Any, *, power_on: bool
    ) -> None:
        """Make the new container beside the old one, of which it has the volumes."""
        before = self._containers.find_aside(instance.uuid)

        def undo() -> None:
            # It may be there still, in the place of the old one.
            self._containers.remove(instance.uuid)
            self.back(context, instance, network_info, power_on=power_on)

        with rolled_back(undo):
            self._servers.remake(
                instance, luggage.commit, network_info, power_on=power_on, volumes_of=before.id
            )

    def _fetch(self, context: Any, instance: Any, luggage: Sent) -> Commit:
        repository = repository_of(luggage.image)
        reference = Reference(self._registry, repository, luggage.digest, None)
        try:
            image = self._images.fetch(reference, context.auth_token)
        except (Absent, Denied) as error:
            log.warning("no %s for who asks for it: %s", reference.immutable, error)
            raise exception.MigrationError(
                reason="what the server took along is not in the registry, or not for you"
            ) from None
        commit = self._commits.adopt(instance.uuid, image)
        # What it is called in the registry will be gone there.
        self._images.unname([reference.immutable])
        return commit

    def _discard(self, context: Any, instance: Any) -> None:
        """Forget what an instance took along, and delete it from Glance.

        What this user cannot delete is kept in mind, for one who comes later.
        """
        metadata = instance.system_metadata
        for key in (LUGGAGE, SOURCE):
            metadata.pop(key, None)
        image = metadata.get(TRANSIT)
        if image and transit.delete(context, instance, image):
            del metadata[TRANSIT]
