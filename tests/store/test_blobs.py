"""Blobs: named by their bytes, kept once, gone when deleted."""

from __future__ import annotations

import io

import pytest

from registry_glance.errors import BlobInUse, BlobUnknown, DigestInvalid, RegistryError
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository, Tag
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Store
from tests.store.contents import EMPTY, Trickle, image, pull, push, unique

ALGORITHMS = ["sha256", "sha512"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("announced", ALGORITHMS)
def test_a_blob_is_read_as_it_was_pushed(
    store: Store, repository: Repository, algorithm: str, announced: str
) -> None:
    data = unique()
    digest = Digest.of(data, algorithm)
    upload = store.create_upload(repository, announced)
    store.commit(repository, upload, digest, io.BytesIO(data))
    assert store.blob_size(repository, digest) == len(data)
    assert store.open_blob(repository, digest).size == len(data)
    assert pull(store, digest) == data


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("announced", ALGORITHMS)
def test_a_blob_may_come_in_many_chunks(
    store: Store, repository: Repository, algorithm: str, announced: str
) -> None:
    data = unique(1000)
    upload = store.create_upload(repository, announced)
    for start in range(0, 900, 300):
        chunk = io.BytesIO(data[start : start + 300])
        assert store.append(repository, upload, chunk, Range(start, start + 300)) == start + 300
        assert store.upload_offset(repository, upload) == start + 300
    digest = Digest.of(data, algorithm)
    store.commit(repository, upload, digest, io.BytesIO(data[900:]), Range(900, 1000))
    assert pull(store, digest) == data


def test_chunks_need_not_say_where_they_belong(store: Store, repository: Repository) -> None:
    data = unique(10)
    upload = store.create_upload(repository)
    for byte in data:
        store.append(repository, upload, io.BytesIO(bytes([byte])))
    store.commit(repository, upload, Digest.of(data))
    assert pull(store, Digest.of(data)) == data


def test_a_large_blob_is_read_as_it_was_pushed(store: Store, repository: Repository) -> None:
    data = unique(5_000_000)
    assert pull(store, push(store, repository, data)) == data


def test_a_large_blob_may_come_in_uneven_chunks(store: Store, repository: Repository) -> None:
    data = unique(3_300_000)
    upload = store.create_upload(repository)
    for start, stop in ((0, 1), (1, 1 << 20), (1 << 20, 3_000_000)):
        store.append(repository, upload, io.BytesIO(data[start:stop]), Range(start, stop))
    store.commit(repository, upload, Digest.of(data), io.BytesIO(data[3_000_000:]))
    assert pull(store, Digest.of(data)) == data
    assert pull(store, Digest.of(data), Range(1_000_000, 3_100_000)) == data[1_000_000:3_100_000]


def test_bytes_may_come_as_slowly_as_they_like(store: Store, repository: Repository) -> None:
    data = unique(1000)
    upload = store.create_upload(repository)
    store.commit(repository, upload, Digest.of(data), Trickle(data, 7))
    assert pull(store, Digest.of(data)) == data


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_blob_may_be_empty(store: Store, repository: Repository, algorithm: str) -> None:
    digest = Digest.of(b"", algorithm)
    for body in (None, io.BytesIO(b"")):
        store.commit(repository, store.create_upload(repository), digest, body)
        assert store.blob_size(repository, digest) == 0
        assert pull(store, digest) == b""


def test_the_empty_blob_can_be_deleted(store: Store, repository: Repository) -> None:
    push(store, repository, b"")
    store.delete_blob(repository, EMPTY)
    assert store.absent_blobs([EMPTY]) == [EMPTY]


@pytest.mark.parametrize("wanted", [(0, 1), (0, 100), (99, 100), (10, 20), (50, 100)])
def test_any_range_can_be_read(
    store: Store, repository: Repository, wanted: tuple[int, int]
) -> None:
    data = unique(100)
    digest = push(store, repository, data)
    for _ in range(2):
        assert pull(store, digest, Range(*wanted)) == data[slice(*wanted)]


def test_a_blob_belongs_to_all_repositories(
    store: Store, repository: Repository, other: Repository
) -> None:
    data = unique()
    digest = push(store, repository, data)
    assert push(store, other, data) == digest
    assert pull(store, digest) == data


def test_a_blob_pushed_twice_is_deleted_once(store: Store, repository: Repository) -> None:
    data = unique()
    digest = push(store, repository, data)
    push(store, repository, data)
    store.delete_blob(repository, digest)
    with pytest.raises(BlobUnknown):
        store.delete_blob(repository, digest)
    assert store.absent_blobs([digest]) == [digest]


def test_the_same_bytes_under_two_digests_are_two_blobs(
    store: Store, repository: Repository
) -> None:
    data = unique()
    short, long = (push(store, repository, data, algorithm) for algorithm in ALGORITHMS)
    store.delete_blob(repository, short)
    assert store.absent_blobs([short, long]) == [short]
    assert pull(store, long) == data


def test_a_deleted_blob_can_be_pushed_again_and_again(store: Store, repository: Repository) -> None:
    data = unique()
    for _ in range(10):
        digest = push(store, repository, data)
        assert pull(store, digest) == data
        store.delete_blob(repository, digest)
        for use in (store.blob_size, store.open_blob, store.delete_blob):
            with pytest.raises(BlobUnknown):
                use(repository, digest)
    push(store, repository, data)
    assert pull(store, digest) == data


def test_an_unknown_blob_is_unknown_before_the_first_byte(
    store: Store, repository: Repository
) -> None:
    for algorithm in ALGORITHMS:
        digest = Digest.of(unique(), algorithm)
        for use in (store.blob_size, store.open_blob, store.delete_blob):
            with pytest.raises(BlobUnknown):
                use(repository, digest)


def test_absent_blobs_are_named(store: Store, repository: Repository) -> None:
    present = [push(store, repository, unique()) for _ in range(3)]
    absent = [Digest.of(unique()) for _ in range(30)]
    mixed = [*absent[:15], *present, *absent[15:], Digest.of(unique(), "sha512")]
    found = store.absent_blobs(iter(mixed))
    assert set(found) == {*absent, mixed[-1]}
    assert len(found) == len(set(found))
    assert store.absent_blobs(present) == []
    assert store.absent_blobs([]) == []


def test_other_bytes_than_the_digests_are_refused(store: Store, repository: Repository) -> None:
    for algorithm in ALGORITHMS:
        promised, sent = unique(), unique()
        digest = Digest.of(promised, algorithm)
        upload = store.create_upload(repository, algorithm)
        with pytest.raises(DigestInvalid):
            store.commit(repository, upload, digest, io.BytesIO(sent))
        assert store.absent_blobs([digest, Digest.of(sent, algorithm)]) == [
            digest,
            Digest.of(sent, algorithm),
        ]
        assert pull(store, push(store, repository, promised, algorithm)) == promised


def test_a_manifests_blobs_cannot_be_deleted(store: Store, repository: Repository) -> None:
    config, layer = unique(), unique()
    digests = [push(store, repository, data) for data in (config, layer)]
    manifest = image(layer, config=config)
    store.put_manifest(repository, manifest, [Tag("latest")])
    for digest in digests:
        with pytest.raises(BlobInUse):
            store.delete_blob(repository, digest)
    assert [pull(store, digest) for digest in digests] == [config, layer]
    store.delete_tag(repository, Tag("latest"))
    with pytest.raises(BlobInUse):  # the manifest itself is still there
        store.delete_blob(repository, digests[0])
    store.delete_manifest(repository, manifest.digest)
    for digest in digests:
        store.delete_blob(repository, digest)
    assert store.absent_blobs(digests) == digests


def test_a_blob_stays_while_any_repository_needs_it(
    store: Store, repository: Repository, other: Repository
) -> None:
    layer = unique()
    digest, manifests = push(store, repository, layer), (image(layer), image(layer))
    store.put_manifest(repository, manifests[0])
    store.put_manifest(other, manifests[1])
    store.delete_manifest(repository, manifests[0].digest)
    with pytest.raises(BlobInUse):
        store.delete_blob(repository, digest)
    store.delete_manifest(other, manifests[1].digest)
    store.delete_blob(repository, digest)


def test_an_error_can_be_told_to_a_client(store: Store, repository: Repository) -> None:
    with pytest.raises(RegistryError) as refused:
        store.open_blob(repository, Digest.of(unique()))
    assert isinstance(refused.value.headers, dict)


def test_a_store_answers_a_ping(store: Store) -> None:
    store.ping()
