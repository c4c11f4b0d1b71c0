"""registry-glance cp: images from one registry to another, or within one."""

from __future__ import annotations

import argparse
from dataclasses import replace

from registry_glance.client.source import Remote
from registry_glance.client.transfer import Transfer
from registry_glance.client.tree import whole

from .bars import watcher
from .connecting import Registries, add_connecting
from .moved import Moved, tell_moved
from .output import ended
from .pieces import add_piece_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("source", metavar="SRC", help="[HOST:PORT/]NAME[:TAG|@DIGEST]")
    parser.add_argument("target", metavar="DST", help="[HOST:PORT/]NAME[:TAG]")
    parser.add_argument(
        "--referrers", action="store_true", help="with its signatures and what else refers to it"
    )
    add_piece_size(parser)
    add_connecting(parser)


def run(args: argparse.Namespace) -> int:
    """Copy an image with all its platforms, byte for byte."""
    return ended(args, _copy)


def _copy(args: argparse.Namespace) -> None:
    registries = Registries(args)
    source, target = registries.reference(args.source), registries.reference(args.target)
    registry = registries.own(target.registry)
    found = registries.other(source.registry)
    remote = Remote(found, source)
    tree = whole(found.manifest(source.repository, source.target), remote.manifest)
    if target.tag is None and target.digest is None and source.digest is not None:
        target = replace(target, digest=tree.root.digest)
    transfer = Transfer(
        registry, target.repository, progress=watcher(args), piece_size=args.piece_size
    )
    transfer.image(remote, tree, target.target)
    if args.referrers:
        transfer.referrers(remote, tree)
    tell_moved(args, [Moved(target, tree, transfer.done)])
