"""Which of an index's images is meant: --platform and --all-platforms."""

from __future__ import annotations

import argparse

from registry_glance.client.platform import Platform
from registry_glance.client.tree import Get, Tree, chosen, whole
from registry_glance.oci.manifest import Manifest


def add_selecting(parser: argparse.ArgumentParser, default: str = "this machine's") -> None:
    """Add the two options, of which one can be used."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--platform", metavar="OS/ARCH[/VARIANT]", help=f"of several (default: {default})"
    )
    which.add_argument("--all-platforms", action="store_true", help="the index with all its images")


def selected(args: argparse.Namespace, root: Manifest, get: Get) -> Tree:
    """What is meant of an image. Raises Usage, and what `get` raises."""
    if not args.all_platforms:
        root = chosen(root, platform(args), get)
    return whole(root, get)


def platform(args: argparse.Namespace) -> Platform:
    """The one of --platform, else this machine's. Raises Usage."""
    return Platform.parse(args.platform) if args.platform else Platform.here()
