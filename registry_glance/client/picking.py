"""Which images of a file are meant, and under which names they go to a registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from registry_glance.archive.contents import Contents, Found
from registry_glance.archive.picking import pick, tags
from registry_glance.client.errors import Usage
from registry_glance.client.reference import HUB, Reference
from registry_glance.oci.names import Repository, Tag

#: What Docker Hub has before the names of its own images.
LIBRARY = "library/"


def picked(images: Sequence[Found], name: str) -> Found:
    """The image called so, by its name, its tag or its repository's; the first for "".

    Raises Usage with what there is.
    """
    if not images:
        raise Usage("there is no image in it")
    if not name:
        return images[0]
    there = Contents(images=tuple(images))
    names = [one for image in images for one in image.names]
    if name not in names and name not in tags(there):
        raise Usage(
            f"no image in it is called {name[:200]!r}: {', '.join(names) or 'none has one'}"
        )
    return pick(there, name)


def named(images: Sequence[Found], into: Reference | None, registry: str) -> Iterator[_Named]:
    """Every image with all its names: at `registry`, or as the tags of the repository `into`.

    Raises Usage for an image without a name, or with one that cannot be had there.
    """
    for image in images:
        if not image.names:
            raise Usage(f"{image.manifest} in it has no name")
        for name in image.names:
            yield image, _tag(name, into) if into else _whole(name, registry)


_Named = tuple[Found, Reference]


def _whole(name: str, registry: str) -> Reference:
    """The name at another registry than the one it may have in front."""
    found = Reference.parse(name, HUB)
    repository = found.repository.name
    if found.registry == HUB:
        repository = repository.removeprefix(LIBRARY)
    return replace(found, registry=registry, repository=Repository.parse(repository))


def _tag(name: str, into: Reference) -> Reference:
    """`hipache:1` and `1` are both the tag 1; a name without one is `latest`."""
    last = name.rpartition("/")[2]
    tag = last.rpartition(":")[2] if ":" in last or last == name else ""
    return replace(into, tag=Tag.parse(tag or "latest"), digest=None)
