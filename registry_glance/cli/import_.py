"""registry-glance import: an image from a file, or from another registry, to a registry."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from registry_glance.archive.contents import Found
from registry_glance.client.archives import Archive
from registry_glance.client.errors import Absent, Usage
from registry_glance.client.layout import Layout
from registry_glance.client.picking import named, picked
from registry_glance.client.reference import HUB, Reference
from registry_glance.client.source import Remote, Source
from registry_glance.client.transfer import Transfer
from registry_glance.client.tree import Tree, whole
from registry_glance.oci.manifest import Manifest

from .bars import watcher
from .connecting import Registries, add_connecting
from .moved import Moved, tell_moved
from .output import ended
from .pieces import add_piece_size
from .selecting import add_selecting, platform, selected

REMOTE = "docker://"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="an archive by docker save or of the OCI, a layout's folder, a root file system; "
        "FILE#NAME of several images; `-` is standard input; or docker://[HOST/]NAME[:TAG|@DIGEST]",
    )
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="[HOST:PORT/]NAME[:TAG]; not needed with --all"
    )
    parser.add_argument("--all", action="store_true", help="all images of FILE, by their own names")
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="how to run a root file system, such as docker_cmd='/bin/sh -l'; may be repeated",
    )
    add_selecting(parser, "this machine's of a registry's, all of a file's")
    add_piece_size(parser)
    add_connecting(parser)


def run(args: argparse.Namespace) -> int:
    """Bring it there; run again after it was broken off, it goes on where it was."""
    return ended(args, _import)


def _import(args: argparse.Namespace) -> None:
    if args.file == "-" and args.password_stdin:
        raise Usage("--password-stdin and the image cannot both come from standard input")
    if not args.name and not args.all:
        raise Usage("a name is needed: NAME[:TAG], or --all")
    registries = Registries(args)
    if args.file.startswith(REMOTE):
        _from_registry(args, registries)
    else:
        _from_file(args, registries)


def _from_registry(args: argparse.Namespace, registries: Registries) -> None:
    if args.all or not args.name:
        raise Usage("--all is for files; of a registry's image, --all-platforms")
    target = registries.reference(args.name)
    registries.own(target.registry)  # First: the login is for it, if it is the source as well.
    source = Reference.parse(args.file.removeprefix(REMOTE), HUB)
    found = registries.other(source.registry)
    remote = Remote(found, source)
    tree = selected(args, found.manifest(source.repository, source.target), remote.manifest)
    tell_moved(args, [_moved(args, registries, remote, tree, target)])


def _from_file(args: argparse.Namespace, registries: Registries) -> None:
    target = registries.reference(args.name) if args.name else None
    with _opened(args) as (source, images, name):
        if args.all:
            wanted = list(named(images, target, registries.default))
        else:
            assert target is not None
            wanted = [(picked(images, name), target)]
        moved = [
            _moved(args, registries, source, _of_file(args, source, image), name)
            for image, name in wanted
        ]
    tell_moved(args, moved)


def _moved(
    args: argparse.Namespace, registries: Registries, source: Source, tree: Tree, target: Reference
) -> Moved:
    registry = registries.own(target.registry)
    transfer = Transfer(
        registry, target.repository, progress=watcher(args), piece_size=args.piece_size
    )
    transfer.image(source, tree, target.target)
    return Moved(target, tree, transfer.done)


def _of_file(args: argparse.Namespace, source: Source, image: Found) -> Tree:
    """All of an image, unless told otherwise; or if the file has only some of an index's."""
    root: Manifest = source.manifest(image.manifest)
    if args.platform or args.all_platforms:
        return selected(args, root, source.manifest)
    try:
        return whole(root, source.manifest)
    except Absent:
        return selected(args, root, source.manifest)


Opened = tuple[Source, Sequence[Found], str]


@contextmanager
def _opened(args: argparse.Namespace) -> Iterator[Opened]:
    """The file as a source, the images in it, and the name of the one that is meant."""
    path, name = _split(args.file)
    if path.is_dir():
        layout = Layout(path)
        yield layout, layout.images, name
        return
    with ExitStack() as opened:
        file = opened.enter_context(_spooled() if args.file == "-" else path.open("rb"))
        archive = Archive(file, platform(args), _properties(args))
        yield archive, archive.contents.images, name


def _split(text: str) -> tuple[Path, str]:
    """FILE#NAME; but a file may have a # in its name."""
    path, mark, name = text.rpartition("#")
    if not mark or Path(text).exists():
        return Path(text), ""
    return Path(path), name


def _spooled() -> BinaryIO:
    """Standard input as a file, which can be read twice and from any place."""
    file = tempfile.TemporaryFile(prefix="registry-glance-")  # noqa: SIM115 - the caller closes it
    shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    file.flush()
    return file


def _properties(args: argparse.Namespace) -> dict[str, str]:
    pairs = [text.partition("=") for text in args.property]
    if not all(name and mark for name, mark, _ in pairs):
        raise Usage("--property takes NAME=VALUE")
    return {name: value for name, _, value in pairs}
