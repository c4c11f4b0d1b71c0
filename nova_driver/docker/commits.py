"""Images made of servers' containers: each is one server's, and goes when it is not needed."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from .engine.client import Engine
from .images import MARK, Images
from .labels import erased

#: The repository of the names that they have on this host; a tag begins with the server's UUID.
REPOSITORY = "nova-server"


@dataclass(frozen=True, slots=True)
class Commit:
    """An image that holds the file system of a server, and the name that keeps it."""

    id: str
    name: str


class Commits:
    """The commits on one Engine. Methods raise an EngineError."""

    def __init__(self, engine: Engine, images: Images, patience: float, *, pause: bool) -> None:
        """`patience`: seconds that a commit may take; `pause`: whether processes wait for it."""
        self._engine = engine
        self._images = images
        self._patience = patience
        self._pause = pause

    def make(self, instance: str, container: str) -> Commit:
        """Commit an instance's container, in whatever state it is: without its volumes."""
        tag = _tag(instance)
        made = self._engine.post(
            "/commit",
            patience=self._patience,
            container=container,
            repo=REPOSITORY,
            tag=tag,
            pause=self._pause,
            changes=erased(),
        )
        return Commit(made["Id"], f"{REPOSITORY}:{tag}")

    def adopt(self, instance: str, image: str) -> Commit:
        """Take an image that was brought from elsewhere for an instance's commit."""
        tag = _tag(instance)
        self._images.tag(image, REPOSITORY, tag)
        return Commit(image, f"{REPOSITORY}:{tag}")

    def sweep(self, instance: str) -> None:
        """Remove an instance's commits, but for those that a container is made of."""
        filters = {"reference": [f"{REPOSITORY}:{instance}-*"]}
        if mine := {image["Id"] for image in self._engine.get("/images/json", filters=filters)}:
            for image in mine - self._images.used():
                self._images.unname(_names(self._images.names(image)))


def _tag(instance: str) -> str:
    return f"{instance}-{uuid4().hex[:8]}"


def _names(names: list[str]) -> list[str]:
    """The names to take: all, unless somebody boots the same image already.

    The name that says whose it is comes last: what is left half done is found again.
    """
    if any(name.startswith(f"{MARK}:") for name in names):
        return [name for name in names if _is_commit(name)]
    return sorted(names, key=_is_commit)


def _is_commit(name: str) -> bool:
    return name.startswith(f"{REPOSITORY}:")
