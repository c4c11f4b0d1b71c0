"""Images made of servers' containers: each is one server's, and goes when it is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from .containers import Container
from .engine.client import Engine
from .engine.errors import Absent, Conflict
from .images import MARK, Images
from .labels import erased
from .volumes import Names, Volumes

#: The repository of the names that they have on this host; a tag begins with the server's UUID.
REPOSITORY = "nova-server"


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
        patience: float,
        *,
        pause: bool,
    ) -> None:
        """`patience`: seconds that a commit may take; `pause`: whether processes wait for it."""
        self._engine = engine
        self._images = images
        self._volumes = volumes
        self._patience = patience
        self._pause = pause

    def make(self, instance: str, container: Container) -> Commit:
        """Commit an instance's container, in whatever state it is: without its volumes."""
        commit = _name(instance)
        repository, tag = commit.split(":")
        made = self._engine.post(
            "/commit",
            patience=self._patience,
            container=container.id,
            repo=repository,
            tag=tag,
            pause=self._pause,
            changes=erased(),
        )
        return Commit(made["Id"], commit)

    def make_whole(self, instance: str, container: Container) -> Commit:
        """The same, with all that is in its volumes."""
        if not container.volumes:
            return self.make(instance, container)
        with self._still(container):
            result = _name(instance)
            names = Names(_carrier(instance), _name(instance), _name(instance))
            commit = self.make(instance, container)
            return Commit(self._volumes.fold(container, commit.name, result, names), result)

    def adopt(self, instance: str, image: str) -> Commit:
        """Take an image that was brought from elsewhere for an instance's commit."""
        name = _name(instance)
        self._images.tag(image, *name.split(":"))
        return Commit(image, name)

    def sweep(self, instance: str) -> None:
        """Remove an instance's commits, but for those that a container is made of."""
        filters = {"reference": [f"{REPOSITORY}:{instance}-*"]}
        if mine := {image["Id"] for image in self._engine.get("/images/json", filters=filters)}:
            self._volumes.drop(_carrier(instance))
            for image in mine - self._images.used():
                self._images.unname(_doomed(self._images.names(image)))

    @contextmanager
    def _still(self, container: Container) -> Iterator[None]:
        """Its processes wait; the Engine by itself has them wait for a commit only."""
        froze = self._pause and self._freeze(container)
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


def _name(instance: str) -> str:
    """A name for a commit that no other has."""
    return f"{REPOSITORY}:{instance}-{uuid4().hex[:8]}"


def _carrier(instance: str) -> str:
    """The name of the container that takes an instance's volumes into a commit."""
    return f"nova-{instance}-volumes"


def _doomed(names: list[str]) -> list[str]:
    """The names to take: all, unless somebody boots the same image already.

    The name that says whose it is comes last: what is left half done is found again.
    """
    if any(name.startswith(f"{MARK}:") for name in names):
        return [name for name in names if _is_commit(name)]
    return sorted(names, key=_is_commit)


def _is_commit(name: str) -> bool:
    return name.startswith(f"{REPOSITORY}:")
