"""Uploads: what counts, what does not, and how they end."""

from __future__ import annotations

import io
from uuid import UUID, uuid4

import pytest

from registry_glance.errors import (
    BlobUnknown,
    DigestInvalid,
    SizeInvalid,
    UploadOutOfOrder,
    UploadUnknown,
)
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import Store
from tests.store.contents import Truncated, pull, unique


@pytest.fixture
def upload(store: Store, repository: Repository) -> str:
    """An upload that has begun."""
    return store.create_upload(repository)


def assert_has_ended(store: Store, repository: Repository, upload: str) -> None:
    """Every use of the upload raises UploadUnknown."""
    digest = Digest.of(unique())
    with pytest.raises(UploadUnknown):
        store.upload_offset(repository, upload)
    with pytest.raises(UploadUnknown):
        store.append(repository, upload, io.BytesIO(unique()))
    with pytest.raises(UploadUnknown):
        store.append(repository, upload, io.BytesIO(unique()), Range(0, 100))
    with pytest.raises(UploadUnknown):
        store.commit(repository, upload, digest, io.BytesIO(unique()))
    with pytest.raises(UploadUnknown):
        store.commit(repository, upload, digest)
    with pytest.raises(UploadUnknown):
        store.cancel_upload(repository, upload)


def test_an_uploads_id_is_a_new_uuid(store: Store, repository: Repository) -> None:
    uploads = [store.create_upload(repository) for _ in range(5)]
    assert [str(UUID(upload)) for upload in uploads] == uploads
    assert len(set(uploads)) == 5


def test_an_upload_begins_at_nothing(store: Store, repository: Repository, upload: str) -> None:
    assert store.upload_offset(repository, upload) == 0


def test_an_uploads_status_is_what_has_arrived(
    store: Store, repository: Repository, upload: str
) -> None:
    assert store.append(repository, upload, io.BytesIO(unique(10))) == 10
    assert store.append(repository, upload, io.BytesIO(b"")) == 10
    assert store.append(repository, upload, io.BytesIO(unique(5)), Range(10, 15)) == 15
    assert store.upload_offset(repository, upload) == 15


def test_a_chunk_begins_where_the_last_one_ended(
    store: Store, repository: Repository, upload: str
) -> None:
    data = unique(30)
    for chunk in (Range(1, 11), Range(10, 20)):
        with pytest.raises(UploadOutOfOrder) as refused:
            store.append(repository, upload, io.BytesIO(data[:10]), chunk)
        assert refused.value.offset == 0
    store.append(repository, upload, io.BytesIO(data[:20]), Range(0, 20))
    for chunk in (Range(0, 20), Range(19, 29), Range(21, 31)):
        with pytest.raises(UploadOutOfOrder) as refused:
            store.append(repository, upload, io.BytesIO(data[20:]), chunk)
        assert refused.value.offset == 20
    with pytest.raises(UploadOutOfOrder):
        store.commit(repository, upload, Digest.of(data), io.BytesIO(data[20:]), Range(0, 10))
    assert store.upload_offset(repository, upload) == 20
    store.commit(repository, upload, Digest.of(data), io.BytesIO(data[20:]), Range(20, 30))
    assert pull(store, Digest.of(data)) == data


@pytest.mark.parametrize("before", [0, 10])
def test_a_chunk_is_as_long_as_it_said_or_does_not_count(
    store: Store, repository: Repository, upload: str, before: int
) -> None:
    data = unique(30)
    store.append(repository, upload, io.BytesIO(data[:before]))
    for length in (0, 19, 21):
        chunk = Range(before, before + 20)
        with pytest.raises(SizeInvalid):
            store.append(repository, upload, io.BytesIO(unique(length)), chunk)
        with pytest.raises(SizeInvalid):
            store.commit(repository, upload, Digest.of(data), io.BytesIO(unique(length)), chunk)
        assert store.upload_offset(repository, upload) == before
    store.commit(repository, upload, Digest.of(data), io.BytesIO(data[before:]))
    assert pull(store, Digest.of(data)) == data


@pytest.mark.parametrize("before", [0, 10])
@pytest.mark.parametrize("sent", [0, 5, 200_000])
def test_a_body_that_breaks_off_does_not_count(
    store: Store, repository: Repository, upload: str, before: int, sent: int
) -> None:
    data = unique(300_000)
    store.append(repository, upload, io.BytesIO(data[:before]))
    broken = data[before : before + sent]
    with pytest.raises(SizeInvalid):
        store.append(repository, upload, Truncated(broken))
    with pytest.raises(SizeInvalid):
        store.append(repository, upload, Truncated(broken), Range(before, len(data)))
    with pytest.raises(SizeInvalid):
        store.commit(repository, upload, Digest.of(data), Truncated(broken))
    assert store.upload_offset(repository, upload) == before
    assert store.absent_blobs([Digest.of(data)]) == [Digest.of(data)]
    store.commit(repository, upload, Digest.of(data), io.BytesIO(data[before:]))
    assert pull(store, Digest.of(data)) == data


def test_a_broken_body_of_several_pieces_does_not_count(
    store: Store, repository: Repository, upload: str
) -> None:
    data = unique(2_500_000)
    store.append(repository, upload, io.BytesIO(data[:1000]))
    with pytest.raises(SizeInvalid):
        store.append(repository, upload, Truncated(unique(2_200_000)))
    assert store.upload_offset(repository, upload) == 1000
    store.append(repository, upload, io.BytesIO(data[1000:]))
    store.commit(repository, upload, Digest.of(data))
    assert pull(store, Digest.of(data)) == data


def test_a_commit_ends_the_upload(store: Store, repository: Repository, upload: str) -> None:
    data = unique()
    store.commit(repository, upload, Digest.of(data), io.BytesIO(data))
    with pytest.raises(UploadUnknown):
        store.upload_offset(repository, upload)
    with pytest.raises(UploadUnknown):
        store.append(repository, upload, io.BytesIO(data))
    with pytest.raises(UploadUnknown):
        store.cancel_upload(repository, upload)
    assert pull(store, Digest.of(data)) == data


@pytest.mark.parametrize("chunks", [0, 1])
def test_a_commit_may_be_repeated(
    store: Store, repository: Repository, upload: str, chunks: int
) -> None:
    data = unique()
    if chunks:
        store.append(repository, upload, io.BytesIO(data[:50]))
    for _ in range(2):
        rest = io.BytesIO(data[50 * chunks :])
        store.commit(repository, upload, Digest.of(data), rest, Range(50 * chunks, 100))
    store.commit(repository, upload, Digest.of(data))
    assert pull(store, Digest.of(data)) == data


def test_a_committed_upload_is_not_another_blob(
    store: Store, repository: Repository, upload: str
) -> None:
    data, other = unique(), unique()
    store.commit(repository, upload, Digest.of(data), io.BytesIO(data))
    with pytest.raises((UploadUnknown, DigestInvalid)):
        store.commit(repository, upload, Digest.of(other), io.BytesIO(other))
    assert store.absent_blobs([Digest.of(data), Digest.of(other)]) == [Digest.of(other)]


def test_a_wrong_digest_ends_the_upload(store: Store, repository: Repository) -> None:
    for before in (b"", unique()):
        upload = store.create_upload(repository)
        store.append(repository, upload, io.BytesIO(before))
        with pytest.raises(DigestInvalid):
            store.commit(repository, upload, Digest.of(unique()), io.BytesIO(unique()))
        assert_has_ended(store, repository, upload)


def test_a_cancelled_upload_has_ended(store: Store, repository: Repository, upload: str) -> None:
    data = unique()
    store.append(repository, upload, io.BytesIO(data))
    store.cancel_upload(repository, upload)
    assert_has_ended(store, repository, upload)
    with pytest.raises(BlobUnknown):
        store.open_blob(repository, Digest.of(data))


def test_an_upload_that_never_began_is_unknown(store: Store, repository: Repository) -> None:
    assert_has_ended(store, repository, str(uuid4()))


@pytest.mark.parametrize(
    "upload", ["", "x", "..", "../../schemas", "%2e%2e", "?name=x", "ä", "a" * 999]
)
def test_what_is_no_uuid_is_an_unknown_upload(
    store: Store, repository: Repository, upload: str
) -> None:
    assert_has_ended(store, repository, upload)


def test_another_repositorys_upload_is_unknown(
    store: Store, repository: Repository, other: Repository, upload: str
) -> None:
    data = unique()
    store.append(repository, upload, io.BytesIO(data))
    assert_has_ended(store, other, upload)
    with pytest.raises(UploadUnknown):
        store.commit(other, upload, Digest.of(data))
    assert store.upload_offset(repository, upload) == len(data)
    store.commit(repository, upload, Digest.of(data))
    assert pull(store, Digest.of(data)) == data
    with pytest.raises(UploadUnknown):
        store.commit(other, upload, Digest.of(data), io.BytesIO(data))
