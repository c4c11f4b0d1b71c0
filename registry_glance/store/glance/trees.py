"""A manifest and those below it: an index has children, and these may have some."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from registry_glance.errors import Corrupt, Denied, ManifestInvalid, ManifestUnknown
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.store.contract import StoredManifest

#: Manifests looked for, for one answer.
MOST = 200
#: Seconds that may be spent on one answer.
PATIENCE = 5
#: Trees that are remembered, and blobs that one of these refers to at most.
REMEMBERED = 200
MOST_BLOBS = 500

Read = Callable[[Digest], StoredManifest]


class Walk:
    """Looks for manifests for one answer; not without end, for anybody may push any number."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self._until = clock() + PATIENCE
        self._left = MOST
        self.is_whole = True
        """Whether nothing was passed over so far."""

    @property
    def is_over(self) -> bool:
        """Whether it has taken too long, or too many were looked for."""
        return not self._left or self._clock() > self._until

    def tree(self, root: Digest, read: Read) -> Iterator[Manifest]:
        """The manifest `root`, and those below it that are there, each once.

        `read` gives a manifest by its digest, or raises ManifestUnknown.
        """
        wanted, seen = deque([root]), {root}
        while wanted and not self.is_over:
            manifest = self._read(wanted.popleft(), read)
            if manifest is not None:
                self._add(manifest, wanted, seen)
                yield manifest
        self.is_whole = self.is_whole and not wanted

    def _read(self, digest: Digest, read: Read) -> Manifest | None:
        self._left -= 1
        # What is wrong with one of them is no reason to refuse others.
        with suppress(ManifestUnknown, ManifestInvalid, Corrupt, Denied):
            stored = read(digest)
            return Manifest.parse(stored.body, stored.media_type, digest.algorithm)
        self.is_whole = False
        return None

    def _add(self, manifest: Manifest, wanted: deque[Digest], seen: set[Digest]) -> None:
        """Put those below a manifest into the queue, as far as they may still be looked for."""
        for child in manifest.manifests:
            if child.digest not in seen:
                if len(wanted) >= self._left:
                    self.is_whole = False
                    return
                seen.add(child.digest)
                wanted.append(child.digest)


class Trees:
    """What each manifest of a tree refers to: a digest's tree is always the same one."""

    def __init__(self) -> None:
        self._known: OrderedDict[Digest, Mapping[Digest, frozenset[Digest]]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, root: Digest, read: Read) -> Mapping[Digest, frozenset[Digest]]:
        """The manifests of a tree, and the blobs that each refers to.

        Those that were there once, when it was walked: whether one still is, this does not tell.
        """
        known = self._known.get(root)
        if known is not None:
            return known
        walk = Walk()
        found = {
            one.digest: frozenset(blob.digest for blob in one.blobs())
            for one in walk.tree(root, read)
        }
        if walk.is_whole and sum(map(len, found.values())) <= MOST_BLOBS:
            self._remember(root, found)
        return found

    def _remember(self, root: Digest, found: Mapping[Digest, frozenset[Digest]]) -> None:
        with self._lock:
            self._known[root] = found
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
