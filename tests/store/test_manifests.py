"""Manifests and the tags that point to them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from registry_glance.errors import ManifestUnknown, NameUnknown
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import REPOSITORY_LIMIT, Repository, Tag
from registry_glance.store.contract import Store, StoredManifest
from tests.store.contents import image, index, push, unique

LATEST, STABLE = Tag("latest"), Tag("stable")


def stored(manifest: Manifest) -> StoredManifest:
    """The manifest as a store must give it back."""
    return StoredManifest(manifest.media_type, manifest.digest, manifest.body)


def assert_unknown(call: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(ManifestUnknown):
        call(*arguments)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_is_read_as_it_was_pushed(
    store: Store, repository: Repository, algorithm: str
) -> None:
    manifest = image(unique(), algorithm=algorithm)
    store.put_manifest(repository, manifest, [LATEST])
    assert store.manifest(repository, LATEST) == stored(manifest)
    assert store.manifest(repository, manifest.digest) == stored(manifest)


@pytest.mark.parametrize("media_type", sorted(media_types.MANIFESTS))
def test_a_manifest_keeps_the_type_it_was_pushed_with(
    store: Store, repository: Repository, media_type: str
) -> None:
    value = index() if media_type in media_types.INDEXES else image()
    body = value.body.replace(value.media_type.encode(), media_type.encode())
    manifest = Manifest.parse(body, media_type)
    store.put_manifest(repository, manifest, [LATEST])
    assert store.manifest(repository, LATEST).media_type == media_type
    assert store.manifest(repository, manifest.digest).media_type == media_type


def test_a_large_manifest_is_read_as_it_was_pushed(store: Store, repository: Repository) -> None:
    manifest = image(annotations={"large": "ä" * 900_000})
    store.put_manifest(repository, manifest, [LATEST])
    assert store.manifest(repository, LATEST) == stored(manifest)
    assert store.manifest(repository, manifest.digest) == stored(manifest)


def test_what_is_absent_is_unknown(store: Store, repository: Repository, other: Repository) -> None:
    manifest = image()
    store.put_manifest(repository, manifest, [LATEST])
    for reference in (STABLE, image().digest, Digest.of(b"", "sha512")):
        assert_unknown(store.manifest, repository, reference)
    assert_unknown(store.delete_tag, repository, STABLE)
    assert_unknown(store.delete_manifest, repository, image().digest)
    for reference in (LATEST, manifest.digest):
        assert_unknown(store.manifest, other, reference)
    assert_unknown(store.delete_tag, other, LATEST)
    assert_unknown(store.delete_manifest, other, manifest.digest)
    assert store.manifest(repository, LATEST) == stored(manifest)


def test_a_manifest_without_a_tag_is_found_by_its_digest(
    store: Store, repository: Repository
) -> None:
    manifest = image()
    store.put_manifest(repository, manifest)
    assert store.manifest(repository, manifest.digest) == stored(manifest)
    with pytest.raises(NameUnknown):
        store.tags(repository)


def test_a_tag_moves_and_the_old_manifest_stays(store: Store, repository: Repository) -> None:
    manifests = [image() for _ in range(4)]
    for manifest in manifests:
        store.put_manifest(repository, manifest, [LATEST])
        assert store.manifest(repository, LATEST) == stored(manifest)
    for manifest in manifests:
        assert store.manifest(repository, manifest.digest) == stored(manifest)
    assert store.tags(repository) == ["latest"]


def test_a_tag_moves_back(store: Store, repository: Repository) -> None:
    first, second = image(), image()
    for manifest in (first, second, first, second, first):
        store.put_manifest(repository, manifest, [LATEST])
        assert store.manifest(repository, LATEST) == stored(manifest)


def test_pushing_the_same_manifest_again_changes_nothing(
    store: Store, repository: Repository
) -> None:
    manifest = image()
    for tags in ([LATEST], [LATEST], [], [LATEST]):
        store.put_manifest(repository, manifest, tags)
        assert store.manifest(repository, LATEST) == stored(manifest)
        assert store.manifest(repository, manifest.digest) == stored(manifest)
    assert store.tags(repository) == ["latest"]


@pytest.mark.parametrize("at_once", [True, False])
def test_many_tags_may_point_to_one_manifest(
    store: Store, repository: Repository, at_once: bool
) -> None:
    manifest, tags = image(), [LATEST, STABLE, Tag("1.0")]
    for some in [tags] if at_once else [[tag] for tag in tags]:
        store.put_manifest(repository, manifest, some)
    for tag in tags:
        assert store.manifest(repository, tag) == stored(manifest)
    newer = image()
    store.put_manifest(repository, newer, [STABLE])
    assert store.manifest(repository, LATEST) == stored(manifest)
    assert store.manifest(repository, STABLE) == stored(newer)


def test_tags_that_differ_in_case_are_different(store: Store, repository: Repository) -> None:
    lower, upper = image(), image()
    store.put_manifest(repository, lower, [Tag("v1")])
    store.put_manifest(repository, upper, [Tag("V1")])
    assert store.manifest(repository, Tag("v1")) == stored(lower)
    assert store.manifest(repository, Tag("V1")) == stored(upper)
    store.delete_tag(repository, Tag("V1"))
    assert store.tags(repository) == ["v1"]


def test_the_longest_names_can_be_used(store: Store, repository: Repository) -> None:
    longest = Repository.parse(f"{repository}/".ljust(REPOSITORY_LIMIT, "a"))
    tag, manifest = Tag.parse("T" * 128), image()
    store.put_manifest(longest, manifest, [tag])
    assert store.manifest(longest, tag) == stored(manifest)
    assert store.tags(longest) == [tag.name]


def test_repositories_keep_their_manifests_apart(
    store: Store, repository: Repository, other: Repository
) -> None:
    manifest, newer = image(), image()
    for place in (repository, other):
        store.put_manifest(place, manifest, [LATEST])
    store.put_manifest(other, newer, [LATEST])
    store.delete_manifest(other, manifest.digest)
    assert store.manifest(repository, LATEST) == stored(manifest)
    assert store.manifest(repository, manifest.digest) == stored(manifest)
    assert store.manifest(other, LATEST) == stored(newer)


def test_deleting_a_tag_leaves_its_manifest_and_its_other_tags(
    store: Store, repository: Repository
) -> None:
    manifest = image()
    store.put_manifest(repository, manifest, [LATEST, STABLE])
    store.delete_tag(repository, LATEST)
    assert_unknown(store.manifest, repository, LATEST)
    assert_unknown(store.delete_tag, repository, LATEST)
    assert store.manifest(repository, STABLE) == stored(manifest)
    assert store.manifest(repository, manifest.digest) == stored(manifest)
    store.delete_tag(repository, STABLE)
    assert store.manifest(repository, manifest.digest) == stored(manifest)


def test_a_deleted_tag_does_not_fall_back_to_an_older_manifest(
    store: Store, repository: Repository
) -> None:
    for _ in range(3):
        store.put_manifest(repository, image(), [LATEST])
    store.delete_tag(repository, LATEST)
    assert_unknown(store.manifest, repository, LATEST)


def test_deleting_a_manifest_removes_its_tags(store: Store, repository: Repository) -> None:
    manifest, newer = image(), image()
    store.put_manifest(repository, manifest, [LATEST, STABLE, Tag("old")])
    store.put_manifest(repository, newer, [LATEST])
    store.delete_manifest(repository, manifest.digest)
    for reference in (STABLE, Tag("old"), manifest.digest):
        assert_unknown(store.manifest, repository, reference)
    assert_unknown(store.delete_manifest, repository, manifest.digest)
    assert store.manifest(repository, LATEST) == stored(newer)
    assert store.tags(repository) == ["latest"]


def test_a_deleted_manifest_can_be_pushed_again_and_again(
    store: Store, repository: Repository
) -> None:
    manifest = image()
    for _ in range(10):
        store.put_manifest(repository, manifest, [LATEST])
        assert store.manifest(repository, LATEST) == stored(manifest)
        store.delete_manifest(repository, manifest.digest)
        assert_unknown(store.manifest, repository, LATEST)
        assert_unknown(store.manifest, repository, manifest.digest)


def test_a_deleted_tag_can_be_pushed_again_and_again(store: Store, repository: Repository) -> None:
    for manifest in [image(), image()] * 5:
        store.put_manifest(repository, manifest, [LATEST])
        assert store.manifest(repository, LATEST) == stored(manifest)
        store.delete_tag(repository, LATEST)
        assert_unknown(store.manifest, repository, LATEST)


def test_an_index_and_its_children_are_kept_apart(store: Store, repository: Repository) -> None:
    children = [image(), image()]
    parent = index(*children)
    for manifest in (*children, parent):
        store.put_manifest(repository, manifest)
    store.put_manifest(repository, parent, [LATEST])
    assert store.manifest(repository, LATEST) == stored(parent)
    store.delete_manifest(repository, parent.digest)
    for child in children:
        assert store.manifest(repository, child.digest) == stored(child)


def test_absent_manifests_are_named(
    store: Store, repository: Repository, other: Repository
) -> None:
    here, elsewhere, deleted = image(), image(), image()
    for place, manifest in ((repository, here), (other, elsewhere), (repository, deleted)):
        store.put_manifest(place, manifest)
    store.delete_manifest(repository, deleted.digest)
    absent = {elsewhere.digest, deleted.digest, *(image().digest for _ in range(30))}
    found = store.absent_manifests(repository, iter([here.digest, *absent]))
    assert set(found) == absent
    assert len(found) == len(absent)
    assert store.absent_manifests(repository, [here.digest]) == []
    assert store.absent_manifests(repository, []) == []


def test_a_manifest_is_no_blob_and_a_blob_no_manifest(store: Store, repository: Repository) -> None:
    manifest, config = image(), unique()
    store.put_manifest(repository, manifest, [LATEST])
    assert store.absent_blobs([manifest.digest]) == [manifest.digest]
    digest = push(store, repository, config)
    assert store.absent_manifests(repository, [digest]) == [digest]
    assert_unknown(store.manifest, repository, digest)


def test_a_manifest_may_be_a_blob_as_well(store: Store, repository: Repository) -> None:
    manifest = image()
    store.put_manifest(repository, manifest)
    upload = store.create_upload(repository)
    store.commit(repository, upload, manifest.digest, io.BytesIO(manifest.body))
    store.delete_blob(repository, manifest.digest)
    assert store.manifest(repository, manifest.digest) == stored(manifest)
