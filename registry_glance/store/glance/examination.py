"""Looking through an image that was not pushed: what is in it, and what has to be unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from registry_glance.archive import layers
from registry_glance.archive.contents import Contents, Part, RootFileSystem
from registry_glance.archive.reading import contents
from registry_glance.archive.survey import survey
from registry_glance.archive.unpacking import packed, unpacked
from registry_glance.errors import ArchiveInvalid, RegistryError
from registry_glance.glance.client import Row
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.names import Repository
from registry_glance.store.glance import findings
from registry_glance.store.glance.copies import Pieces
from registry_glance.store.glance.store import GlanceStore


def examine(row: Row, store: GlanceStore) -> bytes:
    """What is found in an image, as a finding; what must be unpacked becomes the store's blobs.

    Raises Denied if the store may not be written, Unavailable.
    """
    try:
        found = store.layer_contents(row) or contents(survey(store.data(row["id"])))
        return findings.found(_unpacked(row["id"], found, store) if found.packed else found)
    except ArchiveInvalid as error:
        return findings.refused(error.message)


def _unpacked(image: str, found: Contents, store: GlanceStore) -> Contents:
    repository = Repository.of_image(image)
    if found.root is not None:
        return replace(found, root=_packed(image, found.root, repository, store))
    absent = [part for digest, part in found.parts.items() if store.absent_blobs([digest])]
    for part, chunks in unpacked(store.data(image), absent):
        with _upload(store, repository, part.digest.algorithm) as upload:
            store.commit(repository, upload, part.digest, Pieces(chunks))
    return found


def _packed(
    image: str, root: RootFileSystem, repository: Repository, store: GlanceStore
) -> RootFileSystem:
    """The file system with a layer as clients take it, which is a blob of the store."""
    running = RunningHash("sha256")
    with _upload(store, repository, "sha256") as upload:
        for _, chunks in unpacked(store.data(image), [root.layer]):
            size = store.append(repository, upload, Pieces(_hashed(packed(chunks), running)))
        layer = Part(running.digest(), size, 0)
        store.commit(repository, upload, layer.digest)
    return replace(root, layer=layer, media_type=layers.DOCKER_GZIP)


def _hashed(chunks: Iterable[bytes], running: RunningHash) -> Iterator[bytes]:
    for chunk in chunks:
        running.update(chunk)
        yield chunk


@contextmanager
def _upload(store: GlanceStore, repository: Repository, algorithm: str) -> Iterator[str]:
    """An upload that leaves nothing behind if it fails."""
    upload = store.create_upload(repository, algorithm)
    try:
        yield upload
    except BaseException:
        with suppress(RegistryError):
            store.cancel_upload(repository, upload)
        raise
