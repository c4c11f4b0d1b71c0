"""Looking through an image that was not pushed: what is in it, and what has to be unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

from registry_glance.archive import making, rootfs
from registry_glance.archive.contents import Contents, Part, RootFileSystem
from registry_glance.archive.reading import contents
from registry_glance.archive.survey import survey
from registry_glance.archive.unpacking import packed, unpacked
from registry_glance.errors import ArchiveInvalid, Denied, ManifestUnknown, RegistryError
from registry_glance.glance.client import Row
from registry_glance.oci.hashing import RunningHash
from registry_glance.oci.names import Repository
from registry_glance.store.glance.copies import Pieces
from registry_glance.store.glance.findings import Finding
from registry_glance.store.glance.store import GlanceStore

MEMBERS_ONLY = "this has to be unpacked first, by a member of its project who pulls it"


def examine(row: Row, store: GlanceStore, *, unpack: bool) -> Finding:
    """What is found in an image; what must be unpacked becomes the store's blobs.

    Raises ManifestUnknown if it would have to and `unpack` forbids it, Denied if Glance does;
    Absent if the image is gone.
    """
    try:
        with closing(store.data(row["id"])) as chunks:
            found = contents(survey(chunks))
        if found.parts and not found.packed and not store.has_ranges(row["id"]):
            # Each layer would be found by reading all that comes before it.
            found = replace(found, packed=True)
        if found.packed:
            found = _unpacked_by_owner(row["id"], found, store, unpack=unpack)
    except ArchiveInvalid as error:
        return Finding(refused=error.message)
    return Finding(found, machine=rootfs.here())


def _unpacked_by_owner(
    image: str, found: Contents, store: GlanceStore, *, unpack: bool
) -> Contents:
    """What is unpacked counts for the quota of whoever does it: so strangers do not."""
    if not unpack:
        raise ManifestUnknown(MEMBERS_ONLY)
    try:
        return _unpacked(image, found, store)
    except Denied:
        raise Denied(MEMBERS_ONLY) from None


def _unpacked(image: str, found: Contents, store: GlanceStore) -> Contents:
    repository = Repository.of_image(image)
    if found.root is not None:
        return replace(found, root=_packed(image, found.root, repository, store))
    absent = [part for digest, part in found.parts.items() if store.absent_blobs([digest])]
    with closing(store.data(image)) as archive:
        for part, chunks in unpacked(archive, absent):
            with _upload(store, repository, part.digest.algorithm) as upload:
                store.commit(repository, upload, part.digest, Pieces(chunks))
    return found


def _packed(
    image: str, root: RootFileSystem, repository: Repository, store: GlanceStore
) -> RootFileSystem:
    """The file system with a layer as clients take it, which is a blob of the store."""
    running = RunningHash("sha256")
    with (
        closing(store.data(image)) as archive,
        _upload(store, repository, "sha256") as upload,
    ):
        for _, chunks in unpacked(archive, [root.layer]):
            size = store.append(repository, upload, Pieces(_hashed(packed(chunks), running)))
        layer = Part(running.digest(), size, 0)
        store.commit(repository, upload, layer.digest)
    return replace(root, layer=layer, media_type=making.DOCKER_GZIP)


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
