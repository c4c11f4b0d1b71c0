"""registry-glance rm: tags, or manifests with all their tags."""

from __future__ import annotations

import argparse

from .connecting import Registries, add_connecting
from .output import ended, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="+",
        help="[HOST:PORT/]NAME:TAG, that tag alone; or NAME@DIGEST, the manifest with its tags",
    )
    add_connecting(parser)


def run(args: argparse.Namespace) -> int:
    """Delete one after the other, until one cannot be."""
    return ended(args, _remove)


def _remove(args: argparse.Namespace) -> None:
    registries = Registries(args)
    references = [registries.reference(name) for name in args.names]
    for one in references:
        registries.own(one.registry).delete(one.repository, one.target)
    deleted = [str(one) for one in references]
    tell(args, {"deleted": deleted}, deleted)
