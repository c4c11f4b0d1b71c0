"""registry-glance export: an image as a file, for `docker load` and others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial as bound
from pathlib import Path
from typing import Any

from registry_glance.client import download, formats
from registry_glance.client.errors import Usage
from registry_glance.client.partial import partial
from registry_glance.client.reference import Reference
from registry_glance.client.source import Remote
from registry_glance.client.tarball import Member, Tarball
from registry_glance.client.tree import Tree

from .bars import watcher
from .connecting import Registries, add_connecting
from .output import bytes_text, ended, tell
from .selecting import add_selecting, selected


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("name", metavar="NAME", help="[HOST:PORT/]NAME[:TAG|@DIGEST]")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="`-` is standard output"
    )
    parser.add_argument(
        "--format", choices=("docker", "oci"), default="docker", help="(default: docker)"
    )
    add_selecting(parser)
    add_connecting(parser)


def run(args: argparse.Namespace) -> int:
    """Write it; FILE is there when it is complete, and until then FILE.part."""
    return ended(args, _export)


def _export(args: argparse.Namespace) -> None:
    if args.output == "-" and args.json:
        raise Usage("--json and the image cannot both go to standard output")
    registries = Registries(args)
    name = registries.reference(args.name)
    registry = registries.own(name.registry)
    remote = Remote(registry, name)
    root = registry.manifest(name.repository, name.target)
    tree = selected(args, root, remote.manifest)
    members = list(_members(args, tree, name))
    read = bound(download.read, registry, name.repository)
    if args.output == "-":
        Tarball(Pipe(), read, watcher(args)).write(members)
        sys.stdout.buffer.flush()
        return
    path = Path(args.output)
    with partial(path) as file:
        Tarball(file, read, watcher(args)).write(members)
    _tell(args, path, name, tree)


def _members(args: argparse.Namespace, tree: Tree, name: Reference) -> Iterator[Member]:
    if args.format == "oci":
        return formats.oci(tree, name)
    # As the user calls it, with a registry in front or without: so will docker.
    typed = name.short if not args.name.startswith(f"{name.registry}/") else str(name)
    return formats.docker(tree, typed if name.digest is None else None)


def _tell(args: argparse.Namespace, path: Path, name: Reference, tree: Tree) -> None:
    root, size = tree.root, path.stat().st_size
    said: dict[str, Any] = {
        "name": str(name),
        "digest": str(root.digest),
        "media_type": root.media_type,
        "file": str(path),
        "format": args.format,
        "size": size,
    }
    tell(args, said, [f"{path}: {name} ({bytes_text(size)})\n  {root.digest}"])


class Pipe:
    """Standard output, which nobody has written to before."""

    def read(self, size: int, /) -> bytes:
        return b""

    def write(self, data: bytes, /) -> int:
        return sys.stdout.buffer.write(data)

    def seek(self, offset: int, /) -> int:
        raise OSError("standard output does not go back")

    def truncate(self) -> int:
        raise OSError("standard output does not go back")
