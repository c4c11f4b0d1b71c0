"""Where images come from: the seam between archives, registries and `transfer`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from registry_glance.client import download
from registry_glance.client.reference import Reference
from registry_glance.client.registry import Registry
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest


class Source(Protocol):
    """Manifests and blobs by their digests. Blobs are read by several threads at once."""

    #: Where they can be mounted from; None if they are in no registry.
    origin: Reference | None

    def manifest(self, digest: Digest) -> Manifest:
        """Raises Absent, and what else the source may raise."""

    def read(self, blob: Descriptor, start: int) -> Iterator[bytes]:
        """A blob's bytes from `start`, not compared with its digest."""

    def referrers(self, digest: Digest) -> Iterator[Descriptor]:
        """What refers to a manifest."""


class Remote:
    """A repository of a registry, as a source."""

    def __init__(self, registry: Registry, reference: Reference) -> None:
        self._registry = registry
        self._repository = reference.repository
        self.origin: Reference | None = reference

    def manifest(self, digest: Digest) -> Manifest:
        return self._registry.manifest(self._repository, digest)

    def read(self, blob: Descriptor, start: int) -> Iterator[bytes]:
        return download.read(self._registry, self._repository, blob, start)

    def referrers(self, digest: Digest) -> Iterator[Descriptor]:
        return self._registry.referrers(self._repository, digest)
