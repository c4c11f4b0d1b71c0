"""registry-glance inspect: what an image is made of, and where that is in Glance."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from registry_glance.client import download
from registry_glance.client.image_ids import ImageIds, image_ids
from registry_glance.client.platform import Platform
from registry_glance.client.reference import Reference
from registry_glance.client.registry import Registry
from registry_glance.client.source import Remote
from registry_glance.client.tree import Tree, configuration, platforms, whole
from registry_glance.errors import RegistryError
from registry_glance.oci import media_types
from registry_glance.oci.manifest import Descriptor, Manifest

from .connecting import Registries, add_connecting
from .output import bytes_text, ended, printable, tell

#: Bytes of a configuration that is read.
LARGEST = 8 << 20
#: Fields of a configuration's `config` (OCI Image 1.1, config.md), and what they are called here.
RUNNING = {
    "Entrypoint": "entrypoint",
    "Cmd": "command",
    "Env": "env",
    "WorkingDir": "directory",
    "User": "user",
    "ExposedPorts": "ports",
    "Volumes": "volumes",
    "Labels": "labels",
}
Said = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("name", metavar="NAME", help="[HOST:PORT/]NAME[:TAG|@DIGEST]")
    add_connecting(parser)


def run(args: argparse.Namespace) -> int:
    """Say it, with Glance's IDs if the user has OpenStack credentials."""
    return ended(args, _inspect)


def _inspect(args: argparse.Namespace) -> None:
    registries = Registries(args)
    name = registries.reference(args.name)
    registry = registries.own(name.registry)
    root = registry.manifest(name.repository, name.target)
    tree = whole(root, Remote(registry, name).manifest)
    ids, note = _ids(registries, name, tree)
    said = _described(registry, name, tree, ids)
    tell(args, {**said, "glance_note": note}, _lines(said, note))


def _ids(registries: Registries, name: Reference, tree: Tree) -> tuple[ImageIds, str | None]:
    """Glance's IDs, or why there are none."""
    nothing = ImageIds(None, {})
    try:
        cloud = registries.glance()
        if cloud is None:
            return nothing, "no OS_* variables and no --os-cloud: Glance was not asked"
        return image_ids(cloud, name, [*tree.manifests, *tree.blobs]), None
    except RegistryError as error:
        return nothing, f"Glance does not say: {error.message or type(error).__name__}"


def _described(registry: Registry, name: Reference, tree: Tree, ids: ImageIds) -> Said:
    """Stable: docs/cli.md."""
    root = tree.root
    is_index = root.media_type in media_types.INDEXES
    runs_on = {child.digest: one for child, one in platforms(root) if one} if is_index else {}
    images = []
    for image in tree.manifests.values():
        if image.config is None:
            continue
        images.append(_image(registry, name, image, ids, runs_on.get(image.digest)))
    return {
        "name": str(name),
        "kind": "index" if is_index else "image",
        "digest": str(root.digest),
        "media_type": root.media_type,
        "size": tree.size,
        "glance_image": ids.image,
        "glance": list(ids.digests.get(root.digest, ())),
        "images": images,
    }


def _image(
    registry: Registry, name: Reference, image: Manifest, ids: ImageIds, platform: Platform | None
) -> Said:
    assert image.config is not None
    said = _configuration(registry, name, image.config)
    inner = said.get("config") if isinstance(said.get("config"), dict) else {}
    platform = platform or Platform.of(said)
    return {
        "digest": str(image.digest),
        "media_type": image.media_type,
        "size": image.size(),
        "glance": list(ids.digests.get(image.digest, ())),
        "platform": str(platform) if platform else None,
        "created": said.get("created"),
        **{ours: (inner or {}).get(theirs) for theirs, ours in RUNNING.items()},
        "config": _part(image.config, ids),
        "layers": [_part(layer, ids) for layer in image.layers],
    }


def _part(blob: Descriptor, ids: ImageIds) -> Said:
    return {
        "digest": str(blob.digest),
        "media_type": blob.media_type,
        "size": blob.size,
        "glance": list(ids.digests.get(blob.digest, ())),
    }


def _configuration(registry: Registry, name: Reference, config: Descriptor) -> Said:
    """What a configuration says; nothing for other things that an image can have in its place."""
    if config.size > LARGEST or not config.media_type.endswith("json"):
        return {}
    chunks = download.read(registry, name.repository, config)
    return configuration(b"".join(download.verified(chunks, config.digest)))


def _lines(said: Said, note: str | None) -> Iterator[str]:
    yield said["name"]
    yield f"  {said['kind']}    {said['digest']}"
    yield f"  type     {said['media_type']}"
    yield f"  size     {bytes_text(said['size'])}"
    yield f"  Glance   {said['glance_image'] or note or 'shows you no image of this name'}"
    for image in said["images"]:
        yield from _image_lines(image, said["kind"] == "index")


def _image_lines(image: Said, is_child: bool) -> Iterator[str]:
    if is_child:
        yield f"  {image['platform'] or 'no platform'}  {image['digest']}"
    else:
        yield f"  platform {image['platform'] or 'none'}"
    for ours in (*RUNNING.values(), "created"):
        if image[ours]:
            yield f"    {ours:10} {_shown(image[ours])}"
    for kind, part in (("config", image["config"]), *(("layer", one) for one in image["layers"])):
        ids = " ".join(part["glance"])
        yield f"    {kind:10} {part['digest']}  {bytes_text(part['size']):>10}  {ids}".rstrip()


def _shown(value: object) -> str:
    """What a configuration says, which is anybody's words."""
    return printable(value if isinstance(value, str) else ascii(value))
