"""An image with all that belongs to it: an index's children, and theirs, and their blobs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from registry_glance.client.errors import Absent, Unreachable, Usage
from registry_glance.client.platform import Platform
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest

#: Manifests of one image, and indexes in indexes.
MANIFESTS, DEPTH = 1000, 8

#: A manifest by its digest.
Get = Callable[[Digest], Manifest]


@dataclass(frozen=True, slots=True)
class Tree:
    """`manifests` in an order in which none comes before what it refers to: the root is last."""

    manifests: dict[Digest, Manifest]
    blobs: dict[Digest, Descriptor]

    @property
    def root(self) -> Manifest:
        """What a tag names."""
        return list(self.manifests.values())[-1]

    @property
    def size(self) -> int:
        """Bytes of all manifests and blobs, each once."""
        manifests = sum(len(one.body) for one in self.manifests.values())
        return manifests + sum(blob.size for blob in self.blobs.values())


def whole(root: Manifest, get: Get) -> Tree:
    """All of an image. Raises Unreachable for one without end."""
    tree = Tree({}, {})
    _collect(root, get, tree, DEPTH)
    return tree


def platforms(index: Manifest) -> Iterator[tuple[Descriptor, Platform | None]]:
    """An index's children, each with what it runs on, if that is said."""
    entries = json.loads(index.body).get("manifests") or []
    said = {str(entry.get("digest")): Platform.of(entry.get("platform")) for entry in entries}
    for child in index.manifests:
        yield child, said.get(str(child.digest))


def chosen(root: Manifest, wanted: Platform, get: Get) -> Manifest:
    """The image for a platform: the first that fits; what is no index is taken as it is.

    Raises Usage with what there is instead.
    """
    for _ in range(DEPTH):
        if root.media_type not in media_types.INDEXES:
            return root
        there = list(platforms(root))
        fits = [child for child, one in there if one is not None and one.fits(wanted)]
        if not fits:
            others = ", ".join(str(one) for _, one in there if one is not None) or "none"
            raise Usage(f"there is no image for {wanted}; there is: {others}")
        root = get(fits[0].digest)
    raise Unreachable("indexes refer to indexes without end")


def configuration(body: bytes) -> dict[str, Any]:
    """What an image's configuration says; nothing, for what is no JSON object."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _collect(manifest: Manifest, get: Get, tree: Tree, depth: int) -> None:
    if manifest.digest in tree.manifests:
        return
    if depth == 0 or len(tree.manifests) >= MANIFESTS:
        raise Unreachable("the image has indexes without end")
    for child in manifest.manifests:
        if child.digest not in tree.manifests:
            _collect(_child(get, child), get, tree, depth - 1)
    for blob in manifest.blobs():
        known = tree.blobs.setdefault(blob.digest, blob)
        if known.size != blob.size:
            raise Unreachable(f"{blob.digest} has two sizes in one image")
    tree.manifests[manifest.digest] = manifest


def _child(get: Get, child: Descriptor) -> Manifest:
    try:
        return get(child.digest)
    except Absent:
        raise Absent(404, "MANIFEST_UNKNOWN", f"{child.digest} of the index is absent") from None
