"""Two registries on one Glance, with nothing in common but that: each can do every step."""

from __future__ import annotations

import io
from contextlib import suppress
from functools import partial

import pytest

from registry_glance.errors import BlobUnknown, UploadOutOfOrder, UploadUnknown
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository, Tag
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Store
from tests.store.at_once import at_once
from tests.store.conftest import ConnectStore
from tests.store.contents import image, pull, push, unique

LATEST = Tag("latest")


@pytest.fixture(scope="module")
def replicas(connect_store: ConnectStore) -> tuple[Store, Store]:
    """Two that trust nothing they have seen earlier."""
    return connect_store(cache={"staleness": 0}), connect_store(cache={"staleness": 0})


def test_a_push_may_change_the_replica_with_every_request(
    replicas: tuple[Store, Store], repository: Repository
) -> None:
    one, two = replicas
    data = unique()
    upload = one.create_upload(repository)
    two.append(repository, upload, io.BytesIO(data))
    one.commit(repository, upload, Digest.of(data))
    assert pull(two, Digest.of(data)) == data


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_chunks_may_change_the_replica_every_time(
    replicas: tuple[Store, Store], repository: Repository, algorithm: str
) -> None:
    data = unique(2_500_000)
    upload = replicas[0].create_upload(repository)
    for number, start in enumerate(range(0, 2_000_000, 500_000)):
        chunk = Range(start, start + 500_000)
        body = io.BytesIO(data[chunk.start : chunk.stop])
        assert replicas[number % 2].append(repository, upload, body, chunk) == chunk.stop
    digest = Digest.of(data, algorithm)
    replicas[0].commit(repository, upload, digest, io.BytesIO(data[2_000_000:]))
    assert [pull(store, digest) for store in replicas] == [data, data]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_another_replica_may_go_on_with_an_upload(
    replicas: tuple[Store, Store], repository: Repository, algorithm: str
) -> None:
    one, two = replicas
    data = unique(2_500_000)
    upload = one.create_upload(repository)
    for chunk in (Range(0, 100), Range(100, 2_000_000)):
        one.append(repository, upload, io.BytesIO(data[chunk.start : chunk.stop]), chunk)
    assert two.upload_offset(repository, upload) == 2_000_000
    with pytest.raises(UploadOutOfOrder):
        two.append(repository, upload, io.BytesIO(data[:10]), Range(0, 10))
    digest = Digest.of(data, algorithm)
    two.commit(repository, upload, digest, io.BytesIO(data[2_000_000:]))
    two.commit(repository, upload, digest)
    assert [pull(store, digest) for store in replicas] == [data, data]


def test_an_uploads_status_is_the_same_on_both(
    replicas: tuple[Store, Store], repository: Repository
) -> None:
    upload = replicas[0].create_upload(repository)
    for store in replicas * 2:
        offset = store.append(repository, upload, io.BytesIO(unique()))
        assert [each.upload_offset(repository, upload) for each in replicas] == [offset] * 2


@pytest.mark.parametrize("committed", [True, False])
def test_an_upload_ended_on_one_has_ended_on_the_other(
    replicas: tuple[Store, Store], repository: Repository, committed: bool
) -> None:
    one, two = replicas
    data = unique()
    upload = one.create_upload(repository)
    one.append(repository, upload, io.BytesIO(data))
    if committed:
        two.commit(repository, upload, Digest.of(data))
    else:
        two.cancel_upload(repository, upload)
    with pytest.raises(UploadUnknown):
        one.append(repository, upload, io.BytesIO(unique()))
    with pytest.raises(UploadUnknown):
        one.upload_offset(repository, upload)


def test_no_replica_cancels_what_another_one_has_committed(
    replicas: tuple[Store, Store], connect_store: ConnectStore, repository: Repository
) -> None:
    one, two = replicas
    data = unique()
    upload = one.create_upload(repository)
    one.append(repository, upload, io.BytesIO(data))
    two.commit(repository, upload, Digest.of(data))
    with suppress(UploadUnknown):
        one.cancel_upload(repository, upload)
    assert pull(connect_store(), Digest.of(data)) == data


def test_a_blob_deleted_on_one_is_gone_from_the_other(
    replicas: tuple[Store, Store], repository: Repository
) -> None:
    one, two = replicas
    data = unique()
    for _ in range(2):
        digest = push(one, repository, data)
        assert pull(two, digest) == data
        two.delete_blob(repository, digest)
        with pytest.raises(BlobUnknown):
            one.open_blob(repository, digest)


def test_replicas_agree_on_the_winner_of_a_tag(
    replicas: tuple[Store, Store], repository: Repository
) -> None:
    for _ in range(5):
        manifests = [image() for _ in range(4)]
        pushes = [
            partial(replicas[number % 2].put_manifest, repository, manifest, [LATEST])
            for number, manifest in enumerate(manifests)
        ]
        assert at_once(pushes) == [None] * 4
        winners = {store.manifest(repository, LATEST).digest for store in replicas}
        assert len(winners) == 1
        assert winners <= {manifest.digest for manifest in manifests}
        assert {tuple(store.tags(repository)) for store in replicas} == {("latest",)}


def test_replicas_agree_on_the_referrers(
    replicas: tuple[Store, Store], repository: Repository
) -> None:
    subject = image()
    referrers = [image(subject=subject) for _ in range(8)]
    pushes = [
        partial(replicas[number % 2].put_manifest, repository, referrer)
        for number, referrer in enumerate(referrers)
    ]
    assert at_once(pushes) == [None] * 8
    for store in replicas:
        listed = {found.digest for found in store.referrers(repository, subject.digest)}
        assert listed == {referrer.digest for referrer in referrers}


def test_one_blob_committed_on_both_at_once_is_kept_once(
    replicas: tuple[Store, Store], repository: Repository
) -> None:
    data = unique(1_500_000)
    pushes = [partial(push, store, repository, data) for store in replicas * 2]
    assert at_once(pushes) == [Digest.of(data)] * 4
    assert [pull(store, Digest.of(data)) for store in replicas] == [data] * 2
    replicas[0].delete_blob(repository, Digest.of(data))
    for store in replicas:
        assert store.absent_blobs([Digest.of(data)]) == [Digest.of(data)]
