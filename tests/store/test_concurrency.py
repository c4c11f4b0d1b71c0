"""Many at once: one wins, nothing is lost, and nobody sees a moment in between."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import pytest

from registry_glance.errors import BlobUnknown, RegistryError
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository, Tag
from registry_glance.store.contract import Store
from tests.store.at_once import at_once
from tests.store.contents import image, pull, push, unique

LATEST = Tag("latest")


@pytest.mark.parametrize(("pushers", "rounds"), [(2, 10), (8, 4)])
@pytest.mark.parametrize("fresh", [True, False])
def test_one_of_many_pushes_of_a_tag_wins(
    store: Store, repository: Repository, pushers: int, rounds: int, fresh: bool
) -> None:
    for number in range(rounds):
        tag = Tag(f"{number}") if fresh else LATEST
        manifests = [image() for _ in range(pushers)]
        pushes = [partial(store.put_manifest, repository, one, [tag]) for one in manifests]
        assert at_once(pushes) == [None] * pushers
        winner = store.manifest(repository, tag)
        assert winner.digest in {manifest.digest for manifest in manifests}
        assert store.manifest(repository, tag) == winner
        assert store.tags(repository).count(tag.name) == 1
        assert store.absent_manifests(repository, [one.digest for one in manifests]) == []
    last = image()
    store.put_manifest(repository, last, [tag])
    assert store.manifest(repository, tag).digest == last.digest


def test_a_tag_is_never_missing_while_it_moves(store: Store, repository: Repository) -> None:
    manifests = [image() for _ in range(8)]
    store.put_manifest(repository, manifests[0], [LATEST])
    ended: list[bool] = []

    def move() -> list[Digest]:
        for manifest in manifests:
            store.put_manifest(repository, manifest, [LATEST])
        ended.append(True)
        return []

    def watch() -> list[Digest]:
        seen = []
        while not ended:
            seen.append(store.manifest(repository, LATEST).digest)
            assert store.tags(repository) == ["latest"]
        return seen

    seen = at_once([move, watch])[1]
    assert isinstance(seen, list), seen
    positions = [[manifest.digest for manifest in manifests].index(digest) for digest in seen]
    assert positions == sorted(positions)


def test_deleting_a_moving_tag_leaves_it_whole_or_gone(
    store: Store, repository: Repository
) -> None:
    for _ in range(5):
        older, newer = image(), image()
        store.put_manifest(repository, older, [LATEST])
        results = at_once(
            [
                partial(store.put_manifest, repository, newer, [LATEST]),
                partial(store.delete_tag, repository, LATEST),
            ]
        )
        assert results == [None, None]
        try:
            assert store.manifest(repository, LATEST).digest == newer.digest
        except RegistryError:
            assert store.absent_manifests(repository, [older.digest, newer.digest]) == []


def test_one_manifest_pushed_many_times_at_once_is_kept_once(
    store: Store, repository: Repository
) -> None:
    manifest = image()
    tags = [Tag(f"{number}") for number in range(8)]
    pushes = [partial(store.put_manifest, repository, manifest, [tag]) for tag in tags]
    assert at_once(pushes) == [None] * 8
    assert {store.manifest(repository, tag).digest for tag in tags} == {manifest.digest}
    store.delete_manifest(repository, manifest.digest)
    assert store.absent_manifests(repository, [manifest.digest]) == [manifest.digest]


@pytest.mark.parametrize("size", [0, 100, 1_500_000])
def test_one_blob_committed_many_times_at_once_is_kept_once(
    store: Store, repository: Repository, size: int
) -> None:
    data = unique(size)
    assert at_once([partial(push, store, repository, data)] * 8) == [Digest.of(data)] * 8
    assert pull(store, Digest.of(data)) == data
    store.delete_blob(repository, Digest.of(data))
    with pytest.raises(BlobUnknown):
        store.open_blob(repository, Digest.of(data))


def test_many_blobs_can_be_pushed_at_once(store: Store, repository: Repository) -> None:
    blobs = [unique(10_000) for _ in range(8)]
    digests = at_once([partial(push, store, repository, data) for data in blobs])
    assert digests == [Digest.of(data) for data in blobs]
    assert at_once([partial(pull, store, Digest.of(data)) for data in blobs]) == blobs


def test_many_can_read_one_blob_at_once(store: Store, repository: Repository) -> None:
    data = unique(1_500_000)
    digest = push(store, repository, data)
    assert at_once([partial(pull, store, digest)] * 8) == [data] * 8


def test_one_commit_sent_twice_at_once_makes_the_blob(store: Store, repository: Repository) -> None:
    for _ in range(5):
        data = unique()
        upload = store.create_upload(repository)
        commits = [
            partial(store.commit, repository, upload, Digest.of(data), io.BytesIO(data))
            for _ in range(2)
        ]
        assert None in at_once(commits)
        assert pull(store, Digest.of(data)) == data


def test_of_two_chunks_for_one_place_one_counts(store: Store, repository: Repository) -> None:
    for _ in range(5):
        chunks = [unique(), unique()]
        upload = store.create_upload(repository)
        results = at_once(
            [partial(store.append, repository, upload, io.BytesIO(chunk)) for chunk in chunks]
        )
        offset = store.upload_offset(repository, upload)
        assert offset == 100 * sum(isinstance(result, int) for result in results)
        assert offset > 0
        first = chunks[0] if results[0] == 100 else chunks[1]
        data = first if offset == 100 else first + chunks[1 - chunks.index(first)]
        store.commit(repository, upload, Digest.of(data))
        assert pull(store, Digest.of(data)) == data


def test_deleting_and_pushing_a_blob_at_once_leaves_it_whole_or_gone(
    store: Store, repository: Repository
) -> None:
    for _ in range(5):
        data = unique()
        digest = push(store, repository, data)
        calls: list[Callable[[], Digest | None]] = [
            partial(store.delete_blob, repository, digest),
            partial(push, store, repository, data),
        ]
        delete, again = at_once(calls)
        assert delete is None
        assert again == digest
        if not store.absent_blobs([digest]):
            assert pull(store, digest) == data
            store.delete_blob(repository, digest)
        push(store, repository, data)
        assert pull(store, digest) == data
