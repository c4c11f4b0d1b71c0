"""Archives of images as other programs read them: docker's own, and the OCI's layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from registry_glance.archive.layout import INDEX, MARK, NAME, WHOLE_NAME, blob_path
from registry_glance.client.errors import Usage
from registry_glance.client.reference import Reference
from registry_glance.client.tarball import Member
from registry_glance.client.tree import Tree
from registry_glance.oci.manifest import Descriptor, Manifest, index


def docker(tree: Tree, name: str | None) -> Iterator[Member]:
    """What `docker load` and `podman load` take: one image, under `name` if it has one.

    Layers stay as they are: both unpack what is compressed. Raises Usage for what is no image.
    """
    image = tree.root
    if image.config is None:
        raise Usage("docker's format holds one image: choose one with --platform, or --format oci")
    if len(list(image.blobs())) != 1 + len(image.layers):
        raise Usage("the image has layers that are in no registry: use --format oci")
    config = f"{image.config.digest.hex}.json"
    layers = [f"{layer.digest.hex}/layer.tar" for layer in image.layers]
    names = [name] if name else []
    yield Member("manifest.json", _json([{"Config": config, "RepoTags": names, "Layers": layers}]))
    yield Member(config, image.config)
    for path, layer in dict(zip(layers, image.layers, strict=True)).items():
        yield Member(path, layer)


def oci(tree: Tree, name: Reference) -> Iterator[Member]:
    """An OCI image layout (OCI Image 1.1, image-layout.md), every manifest byte for byte."""
    yield Member(MARK, _json({"imageLayoutVersion": "1.0.0"}))
    yield Member(INDEX, _json(_index(tree.root, name)))
    for manifest in tree.manifests.values():
        yield Member(blob_path(manifest.digest), manifest.body)
    for blob in tree.blobs.values():
        yield Member(blob_path(blob.digest), blob)


def _index(root: Manifest, name: Reference) -> dict[str, Any]:
    called = {WHOLE_NAME: str(name), NAME: str(name.target)}
    annotations = called if name.digest is None else {}
    descriptor = Descriptor(root.media_type, root.digest, len(root.body), annotations=annotations)
    return index([descriptor])


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
