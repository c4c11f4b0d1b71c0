"""Whole images from a source into a registry: what is there already is not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from registry_glance.client import tree as trees
from registry_glance.client.errors import Unreachable
from registry_glance.client.progress import Progress, Silence
from registry_glance.client.registry import Registry
from registry_glance.client.source import Source
from registry_glance.client.tree import MANIFESTS, Tree
from registry_glance.client.unfinished import Unfinished
from registry_glance.client.upload import Upload
from registry_glance.client.workers import each
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag

#: Blobs on their way at once.
THREADS = 3
#: Bytes of one request. The registry keeps a blob that comes in one as one image of Glance, if it
#: is no longer than its `glance.piece_size`.
PIECE_SIZE = 128 << 20


@dataclass
class Sent:
    """What a transfer has done: blobs by outcome, and the bytes of them that were sent."""

    sent: int = 0
    there: int = 0
    mounted: int = 0
    bytes: int = 0
    manifests: int = 0

    def count(self, outcome: str, size: int) -> None:
        """One blob more."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.bytes += size


class Transfer:
    """Into one repository."""

    def __init__(
        self,
        registry: Registry,
        repository: Repository,
        *,
        progress: Progress | None = None,
        piece_size: int = PIECE_SIZE,
        unfinished: Unfinished | None = None,
    ) -> None:
        self._registry = registry
        self._repository = repository
        self._progress = progress or Silence()
        self._piece_size = piece_size
        self._unfinished = unfinished or Unfinished()
        self.done = Sent()

    def image(self, source: Source, tree: Tree, target: Tag | Digest) -> None:
        """An image with all its parts; its root last, under `target`.

        Raises ClientError. What was sent until then stays, and is found there the next time.
        """
        self._blobs(source, tree)
        *children, root = tree.manifests.values()
        for child in children:
            self._manifest(child, child.digest)
        self._registry.put_manifest(self._repository, root, target)
        self.done.manifests += 1

    def referrers(self, source: Source, tree: Tree) -> None:
        """What refers to the image or a part of it, and to that in turn. Raises ClientError."""
        known = set(tree.manifests)
        todo = list(known)
        while todo:
            for one in source.referrers(todo.pop()):
                if one.digest in known:
                    continue
                if len(known) > MANIFESTS:
                    raise Unreachable("the image has referrers without end")
                known.add(one.digest)
                todo.append(one.digest)
                found = trees.whole(source.manifest(one.digest), source.manifest)
                self.image(source, found, one.digest)

    def _manifest(self, manifest: Manifest, target: Digest) -> None:
        if not self._registry.has_manifest(self._repository, target):
            self._registry.put_manifest(self._repository, manifest, target)
            self.done.manifests += 1

    def _blobs(self, source: Source, tree: Tree) -> None:
        def send(blob: Descriptor, check: Callable[[], None]) -> tuple[str, int]:
            return self._watched(source, blob, check)

        for outcome, size in each(send, tree.blobs.values(), THREADS):
            self.done.count(outcome, size)

    def _watched(
        self, source: Source, blob: Descriptor, check: Callable[[], None]
    ) -> tuple[str, int]:
        self._progress.begin(blob.digest, blob.size)
        outcome, sent = "failed", 0
        try:
            outcome, sent = self._blob(source, blob, check)
        finally:
            self._progress.end(blob.digest, outcome)
        return outcome, sent

    def _blob(self, source: Source, blob: Descriptor, check: Callable[[], None]) -> tuple[str, int]:
        """Bring one blob: `there`, `mounted` or `sent`, and the bytes for that."""
        check()
        registry, repository = self._registry, self._repository
        if registry.has_blob(repository, blob.digest):
            return "there", 0
        location = None
        if source.origin is not None and source.origin.registry == registry.name:
            location = registry.mount(repository, blob.digest, source.origin.repository)
            if location is None:
                return "mounted", 0

        def read(start: int) -> Iterator[bytes]:
            return source.read(blob, start)

        def reached(offset: int) -> None:
            check()
            self._progress.reach(blob.digest, offset)

        upload = Upload(
            registry, repository, blob.digest, blob.size, read, self._piece_size, reached
        )
        with self._unfinished.note(registry.name, repository, blob.digest) as note:
            upload.run(note, location)
        return "sent", blob.size - upload.began
