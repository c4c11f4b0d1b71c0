"""From an instance and an image to a container that runs, and on to its end."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from nova import exception

from .containers import Container, Containers
from .creation import Terms, creation
from .engine.errors import Absent, Conflict, Denied, EngineError
from .images import Images, Names
from .network.network import Network
from .network.resolver import nameservers
from .network.wiring import Wiring
from .reference import Image, Reference, by_id, check, repository_of, told

log = logging.getLogger(__name__)


class Servers:
    """The making, starting and unmaking of this host's servers.

    Whatever starts a container goes through here: a container has its network for as long as it
    runs and no longer. `network_info` is Nova's: the VIFs of an instance's ports.
    """

    def __init__(
        self,
        containers: Containers,
        images: Images,
        network: Network,
        wiring: Wiring,
        terms: Terms,
        registry: str,
    ) -> None:
        """`registry`: HOST:PORT."""
        self._containers = containers
        self._images = images
        self._network = network
        self._wiring = wiring
        self._terms = terms
        self._registry = registry

    def spawn(
        self,
        instance: Any,
        image: Image,
        command: str | None,
        token: str | None,
        network_info: Any,
        *,
        power_on: bool,
    ) -> None:
        """Pull and create, and start if `power_on`; or leave nothing behind.

        `command`: instead of the image's own. It starts when Neutron has wired its ports. Raises
        ImageUnacceptable, InvalidInput, an EngineError, or Nova's errors for ports.
        """
        names = self._pull(self._wanted(image, token), image.id, token)
        with self._cleared(instance, network_info):
            self._create(instance, command, names, nameservers(network_info))
            if power_on:
                self._start_wired(instance, network_info)

    def remake(
        self,
        instance: Any,
        commit: str,
        network_info: Any,
        *,
        power_on: bool,
        volumes_of: str | None = None,
    ) -> None:
        """Create it of a commit, by its name, and start it as `spawn` does.

        `volumes_of`: a container whose volumes it takes over. Raises InvalidInput, an EngineError,
        or Nova's errors for ports.
        """
        with self._cleared(instance, network_info):
            # The commit's configuration has the command already.
            body = creation(instance, commit, None, nameservers(network_info), self._terms)
            if volumes_of:
                body["HostConfig"]["VolumesFrom"] = [volumes_of]
            self._containers.create(instance.uuid, body)
            if power_on:
                self._start_wired(instance, network_info)

    def start(self, instance: Any, network_info: Any) -> None:
        """Have it run, whether it was frozen, stopped, or runs already.

        Raises an EngineError, or VirtualInterfacePlugException.
        """
        self._network.prepare(instance, network_info)
        self._run(instance, network_info)

    def stop(self, instance: Any, timeout: int) -> None:
        """End it, by SIGKILL if it does not end by itself in `timeout` seconds.

        Raises an EngineError.
        """
        self._containers.stop(instance.uuid, timeout)
        self._unplug(instance, instance.get_network_info())

    def restart(self, instance: Any, network_info: Any, timeout: int) -> None:
        """End it, if it runs, and start it; `timeout` and errors as with stop() and start()."""
        self._containers.stop(instance.uuid, timeout)
        self.start(instance, network_info)

    def destroy(self, instance: Any, network_info: Any) -> None:
        """End and remove it; having none is no error. Raises an EngineError."""
        self._containers.remove(instance.uuid)
        self._unplug(instance, network_info)

    def cache(self, image: Image, token: str | None) -> bool:
        """Pull an image for later; False if it was here. Raises as `spawn` does."""
        wanted = self._wanted(image, token)
        was_here = self._images.has(wanted)
        self._pull(wanted, image.id, token)
        return not was_here

    @contextmanager
    def _cleared(self, instance: Any, network_info: Any) -> Iterator[None]:
        """Leave nothing of a server whose making fails."""
        try:
            yield
        except Exception:
            with suppress(EngineError):
                self.destroy(instance, network_info)
            raise

    def _start_wired(self, instance: Any, network_info: Any) -> None:
        with self._wiring.awaited(instance, network_info):
            self._network.prepare(instance, network_info)
        self._run(instance, network_info)

    def _run(self, instance: Any, network_info: Any) -> None:
        """Start what is prepared; a container that cannot have its network does not start."""
        was_running = self._containers.find(instance.uuid).is_running
        self._containers.start(instance.uuid)
        try:
            self._network.connect(instance, network_info)
        except Exception:
            if not was_running:
                with suppress(EngineError):
                    self._containers.stop(instance.uuid, 0)
                self._unplug(instance, network_info)
            raise

    def _unplug(self, instance: Any, network_info: Any) -> None:
        """The log says what is left; no server should fail to end because of it."""
        with suppress(exception.VirtualInterfaceUnplugException):
            self._network.unplug(instance, network_info)

    def _wanted(self, image: Image, token: str | None) -> Reference:
        """What to pull for an image: what it says, or what the registry makes of it."""
        check(image)
        if reference := told(image, self._registry):
            return reference
        try:
            digest = self._images.examined(f"{self._registry}/{repository_of(image.id)}", token)
        except (Absent, Denied) as error:
            raise _unacceptable(image.id, error.words) from None
        return by_id(image, self._registry, digest)

    def _pull(self, wanted: Reference, image: str, token: str | None) -> Names:
        try:
            return self._images.pull(wanted, token)
        except (Absent, Denied) as error:
            log.warning("no %s for who boots it: %s", wanted.immutable, error)
            reason = "the registry does not have it, or not for you"
            raise _unacceptable(image, reason) from None

    def _create(
        self, instance: Any, command: str | None, names: Names, servers: Sequence[str]
    ) -> Container:
        """The container, of the image that was pulled and no other.

        Another boot may have moved or removed the name in between; then the digest stands for it.
        """
        for name in names.names:
            body = creation(instance, name, command, servers, self._terms)
            with suppress(Absent):
                container = self._replaced(instance.uuid, body)
                if container.image == names.id:
                    return container
                self._containers.remove(instance.uuid)
            log.info("%s is another image now, or none; taking the next name", name)
        raise Absent(f"the image {names.id} has lost all its names")

    def _replaced(self, instance: str, body: Mapping[str, Any]) -> Container:
        """A new container; what a try that broke off has left in its place goes."""
        try:
            return self._containers.create(instance, body)
        except Conflict:
            self._containers.remove(instance)
            return self._containers.create(instance, body)


def _unacceptable(image: str, reason: str) -> exception.ImageUnacceptable:
    """For what no other host could boot either: Nova tries none then."""
    return exception.ImageUnacceptable(image_id=image, reason=reason)
