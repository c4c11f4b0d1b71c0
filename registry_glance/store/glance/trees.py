"""A manifest and those below it: an index has children, and these may have some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from registry_glance.errors import Corrupt, Denied, ManifestInvalid, ManifestUnknown
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.store.contract import StoredManifest

#: Manifests looked at for one answer.
MOST = 200


def tree(root: Digest, read: Callable[[Digest], StoredManifest]) -> Iterator[Manifest]:
    """The manifest `root`, and those below it that are there, each once; no more than `MOST`.

    `read` gives a manifest by its digest, or raises ManifestUnknown.
    """
    wanted: list[Digest] = [root]
    seen: set[Digest] = set()
    while wanted and len(seen) < MOST:
        digest = wanted.pop(0)
        if digest in seen:
            continue
        seen.add(digest)
        # What is wrong with one of them is no reason to refuse others.
        with suppress(ManifestUnknown, ManifestInvalid, Corrupt, Denied):
            manifest = _parsed(read(digest))
            wanted.extend(one.digest for one in manifest.manifests)
            yield manifest


def _parsed(stored: StoredManifest) -> Manifest:
    return Manifest.parse(stored.body, stored.media_type, stored.digest.algorithm)
