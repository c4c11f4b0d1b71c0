"""Lists of tags and repositories."""

from __future__ import annotations

import pytest

from registry_glance.errors import NameUnknown
from registry_glance.oci.names import Repository, Tag
from registry_glance.store.contract import Store
from tests.store.contents import image

LATEST = Tag("latest")


def below(store: Store, repository: Repository) -> list[str]:
    """The listed repositories whose names begin like this one's; others have their own tests."""
    return [name for name in store.repositories() if name.startswith(repository.name)]


def test_tags_are_sorted_by_code_point(store: Store, repository: Repository) -> None:
    tags = ["latest", "1.10", "1.9", "1", "_", "A", "Z", "a", "a-b", "a.b", "a_b", "aB", "Latest"]
    for some in (tags[:5], tags[5:]):
        store.put_manifest(repository, image(), [Tag(tag) for tag in some])
    assert store.tags(repository) == sorted(tags)


def test_a_repository_without_tags_has_no_list(store: Store, repository: Repository) -> None:
    with pytest.raises(NameUnknown):
        store.tags(repository)
    manifest = image()
    store.put_manifest(repository, manifest, [LATEST])
    assert store.tags(repository) == ["latest"]
    store.delete_tag(repository, LATEST)
    with pytest.raises(NameUnknown):
        store.tags(repository)
    store.put_manifest(repository, manifest, [LATEST])
    assert store.tags(repository) == ["latest"]
    store.delete_manifest(repository, manifest.digest)
    with pytest.raises(NameUnknown):
        store.tags(repository)


def test_every_change_of_the_tags_is_seen_at_once(store: Store, repository: Repository) -> None:
    store.put_manifest(repository, image(), [LATEST])
    for number in range(3):
        tag = Tag(f"{number}")
        store.put_manifest(repository, image(), [tag])
        assert store.tags(repository) == [tag.name, "latest"]
        store.delete_tag(repository, tag)
        assert store.tags(repository) == ["latest"]


def test_tags_belong_to_one_repository(
    store: Store, repository: Repository, other: Repository
) -> None:
    store.put_manifest(repository, image(), [LATEST])
    store.put_manifest(other, image(), [Tag("1"), Tag("2")])
    assert store.tags(repository) == ["latest"]
    assert store.tags(other) == ["1", "2"]


def test_repositories_are_sorted_by_code_point(store: Store, repository: Repository) -> None:
    names = [f"{repository}{ending}" for ending in ("", "-a", "/a", "0", "_a", ".a", "a", "/a/b")]
    for name in names:
        store.put_manifest(Repository(name), image(), [LATEST, Tag("1")])
    assert below(store, repository) == sorted(names)
    assert store.repositories() == sorted(set(store.repositories()))


def test_a_repository_is_listed_while_it_has_a_tag(store: Store, repository: Repository) -> None:
    manifest = image()
    store.create_upload(repository)
    store.put_manifest(repository, manifest)
    assert below(store, repository) == []
    store.put_manifest(repository, manifest, [LATEST, Tag("1")])
    assert below(store, repository) == [repository.name]
    store.delete_tag(repository, LATEST)
    assert below(store, repository) == [repository.name]
    store.delete_tag(repository, Tag("1"))
    assert below(store, repository) == []


def test_referrers_without_a_tag_are_in_no_list(store: Store, repository: Repository) -> None:
    subject = image()
    store.put_manifest(repository, subject, [LATEST])
    store.put_manifest(repository, image(subject=subject))
    assert store.tags(repository) == ["latest"]
