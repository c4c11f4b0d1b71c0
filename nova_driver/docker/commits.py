"""Images made of servers' containers: each is one server's, and goes when it is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass

from . import names
from .containers import Container
from .engine.client import Engine
from .engine.errors import Absent, Conflict
from .images import Images
from .labels import erased
from .volumes import Names, Volumes


@dataclass(frozen=True, slots=True)
class Commit:
    """An image that holds the file system of a server, and the name that keeps it."""

    id: str
    name: str


class Commits:
    """The commits on one Engine. Methods raise an EngineError."""

    def __init__(
        self,
        engine: Engine,
        images: Images,
        volumes: Volumes,
        registry: str,
        patience: float,
    ) -> None:
        """`registry`: HOST:PORT; `patience`: seconds that a commit may take."""
        self._engine = engine
        self._images = images
        self._volumes = volumes
        self._registry = registry
        self._patience = patience

    def make(self, instance: str, container: Container, *, pause: bool = True) -> Commit:
        """Commit an instance's container, in whatever state it is: without its volumes.

        `pause`: whether its processes wait for it.
        """
        commit = names.commit(instance)
        repository, tag = commit.split(":")
        made = self._engine.post(
            "/commit",
            patience=self._patience,
            container=container.id,
            repo=repository,
            tag=tag,
            pause=pause,
            changes=erased(),
        )
        return Commit(made["Id"], commit)

    def make_whole(self, instance: str, container: Container, *, pause: bool = True) -> Commit:
        """The same, with all that is in its volumes."""
        if not container.volumes:
            return self.make(instance, container, pause=pause)
        with self._still(container) if pause else nullcontext():
            empty, full, result = (names.commit(instance) for _ in range(3))
            made = Names(_carrier(instance), empty, full)
            commit = self.make(instance, container, pause=pause)
            return Commit(self._volumes.fold(container, commit.name, result, made), result)

    def adopt(self, instance: str, image: str) -> Commit:
        """Take an image that was brought from elsewhere for an instance's commit."""
        name = names.commit(instance)
        self._images.tag(image, name)
        return Commit(image, name)

    def sweep(self, instance: str) -> None:
        """Remove an instance's commits, but for those that a container is made of.

        They keep the names that others gave to them, and with them themselves.
        """
        filters = {"reference": [f"{names.COMMITS}:{instance}-*"]}
        if mine := {image["Id"] for image in self._engine.get("/images/json", filters=filters)}:
            self._volumes.drop(_carrier(instance))
            for image in mine - self._images.used():
                self._images.unname(self._doomed(self._images.names(image)))

    def _doomed(self, found: list[str]) -> list[str]:
        """The names to take: all of ours, unless somebody boots the same image already.

        The name that says whose it is comes last: what is left half done is found again.
        """
        commits = [name for name in found if names.is_commit(name)]
        if any(map(names.marked, found)):
            return commits
        return [*(name for name in found if names.is_of(name, self._registry)), *commits]

    @contextmanager
    def _still(self, container: Container) -> Iterator[None]:
        """Its processes wait; the Engine by itself has them wait for a commit only."""
        froze = self._freeze(container)
        try:
            yield
        finally:
            if froze:
                # It may have been stopped, or be gone.
                with suppress(Absent, Conflict):
                    self._engine.post(f"/containers/{container.id}/unpause")

    def _freeze(self, container: Container) -> bool:
        """False if it is frozen already, or does not run."""
        try:
            self._engine.post(f"/containers/{container.id}/pause")
        except Conflict:
            return False
        return True


def _carrier(instance: str) -> str:
    """The name of the container that takes an instance's volumes into a commit."""
    return f"nova-{instance}-volumes"
