"""registry-glance ls: repositories, or the tags of one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from registry_glance.client.errors import Absent, Usage
from registry_glance.client.reference import Reference
from registry_glance.client.registry import Registry
from registry_glance.client.source import Remote
from registry_glance.client.tree import whole
from registry_glance.client.workers import each
from registry_glance.oci.names import Tag

from .connecting import Registries, add_connecting
from .output import bytes_text, ended, tell

#: Tags that are asked for at once.
THREADS = 4


class Tagged(NamedTuple):
    """A tag and what it names; `size` is of all of it, in bytes."""

    tag: str
    digest: str
    media_type: str
    size: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="[HOST:PORT/]NAME")
    add_connecting(parser)


def run(args: argparse.Namespace) -> int:
    """List what the caller may see."""
    return ended(args, _tags if args.name else _repositories)


def _repositories(args: argparse.Namespace) -> None:
    registries = Registries(args)
    names = list(registries.own(registries.default).repositories())
    tell(args, {"registry": registries.default, "repositories": names}, names)


def _tags(args: argparse.Namespace) -> None:
    registries = Registries(args)
    asked = registries.reference(args.name)
    if asked.digest:
        raise Usage("a digest is no tag: see inspect")
    registry = registries.own(asked.registry)
    names = [asked.tag] if asked.tag else list(registry.tags(asked.repository))
    found = sorted(filter(None, each(_look(registry, asked), names, THREADS)))
    width = max((len(one.tag) for one in found), default=0)
    lines = [f"{one.tag:{width}}  {one.digest}  {bytes_text(one.size)}" for one in found]
    tags = [one._asdict() for one in found]
    tell(
        args, {"registry": registry.name, "repository": str(asked.repository), "tags": tags}, lines
    )


def _look(
    registry: Registry, asked: Reference
) -> Callable[[Tag, Callable[[], None]], Tagged | None]:
    remote = Remote(registry, asked)

    def look(tag: Tag, check: Callable[[], None]) -> Tagged | None:
        """None for a tag of the list that has gone meanwhile."""
        check()
        try:
            root = registry.manifest(asked.repository, tag)
            size = whole(root, remote.manifest).size
        except Absent:
            if asked.tag:
                raise
            return None
        return Tagged(tag.name, str(root.digest), root.media_type, size)

    return look
