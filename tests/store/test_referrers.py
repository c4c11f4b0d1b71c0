"""Referrers: every manifest that names a subject is listed with it, once."""

from __future__ import annotations

from functools import partial

import pytest

from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest
from registry_glance.oci.names import Repository, Tag
from registry_glance.store.contract import Store
from tests.store.at_once import at_once
from tests.store.contents import CONFIG, image, index


def by_digest(*manifests: Manifest) -> list[Descriptor]:
    """The list that a store must answer."""
    return sorted((m.descriptor() for m in manifests), key=lambda found: str(found.digest))


def test_nothing_refers_to_what_nobody_named(store: Store, repository: Repository) -> None:
    manifest = image()
    store.put_manifest(repository, manifest, [Tag("latest")])
    assert store.referrers(repository, manifest.digest) == []
    assert store.referrers(repository, image().digest) == []


@pytest.mark.parametrize("subject_first", [True, False])
def test_a_referrer_may_come_before_its_subject(
    store: Store, repository: Repository, subject_first: bool
) -> None:
    subject = image()
    referrer = image(subject=subject)
    for manifest in (subject, referrer) if subject_first else (referrer, subject):
        store.put_manifest(repository, manifest)
    assert store.referrers(repository, subject.digest) == by_digest(referrer)


def test_referrers_are_listed_by_digest(store: Store, repository: Repository) -> None:
    subject = image()
    referrers = [image(subject=subject) for _ in range(6)]
    for referrer in referrers:
        store.put_manifest(repository, referrer)
    assert store.referrers(repository, subject.digest) == by_digest(*referrers)


def test_a_referrer_is_described_in_full(store: Store, repository: Repository) -> None:
    subject = image()
    notes = {"org.example.a": "ä 😀", "empty": "", "long": "x" * 10_000, "odd": '\n"\\\0'}
    referrer = image(subject=subject, artifactType="application/x", annotations=notes)
    store.put_manifest(repository, referrer, [Tag("signature")])
    assert store.referrers(repository, subject.digest) == [
        Descriptor(referrer.media_type, referrer.digest, len(referrer.body), "application/x", notes)
    ]


def test_an_artifact_type_may_come_from_the_configuration(
    store: Store, repository: Repository
) -> None:
    subject = image()
    kinds = {
        image(subject=subject): CONFIG,
        image(subject=subject, artifactType=""): CONFIG,
        image(subject=subject, artifactType="application/" + "x" * 127): "application/" + "x" * 127,
        index(subject=subject): None,
        index(subject=subject, artifactType="application/x"): "application/x",
    }
    for referrer in kinds:
        store.put_manifest(repository, referrer)
    listed = store.referrers(repository, subject.digest)
    expected = {referrer.digest: kind for referrer, kind in kinds.items()}
    assert {found.digest: found.artifact_type for found in listed} == expected


def test_a_referrer_pushed_again_is_listed_once(store: Store, repository: Repository) -> None:
    subject = image()
    referrer = image(subject=subject)
    for tags in ([], [Tag("a")], [Tag("a"), Tag("b")], []):
        store.put_manifest(repository, referrer, tags)
        assert store.referrers(repository, subject.digest) == by_digest(referrer)


def test_a_deleted_referrer_is_not_listed_until_it_is_pushed_again(
    store: Store, repository: Repository
) -> None:
    subject = image()
    first, second = image(subject=subject), image(subject=subject)
    store.put_manifest(repository, second)
    for _ in range(4):
        store.put_manifest(repository, first)
        assert store.referrers(repository, subject.digest) == by_digest(first, second)
        store.delete_manifest(repository, first.digest)
        assert store.referrers(repository, subject.digest) == by_digest(second)


def test_a_referrer_outlives_its_tag_and_its_subject(store: Store, repository: Repository) -> None:
    subject = image()
    referrer = image(subject=subject)
    store.put_manifest(repository, subject, [Tag("latest")])
    store.put_manifest(repository, referrer, [Tag("signature")])
    store.delete_tag(repository, Tag("signature"))
    store.delete_manifest(repository, subject.digest)
    assert store.referrers(repository, subject.digest) == by_digest(referrer)


def test_referrers_belong_to_one_repository(
    store: Store, repository: Repository, other: Repository
) -> None:
    subject = image()
    here, there = image(subject=subject), image(subject=subject)
    store.put_manifest(repository, here)
    store.put_manifest(other, there)
    assert store.referrers(repository, subject.digest) == by_digest(here)
    assert store.referrers(other, subject.digest) == by_digest(there)


def test_a_referrer_may_have_referrers(store: Store, repository: Repository) -> None:
    subject = image()
    referrer = image(subject=subject)
    signature = image(subject=referrer)
    for manifest in (subject, referrer, signature):
        store.put_manifest(repository, manifest)
    assert store.referrers(repository, subject.digest) == by_digest(referrer)
    assert store.referrers(repository, referrer.digest) == by_digest(signature)


def test_a_subject_may_have_a_sha512_digest(store: Store, repository: Repository) -> None:
    subject = image(algorithm="sha512")
    referrer = image(subject=subject, algorithm="sha512")
    store.put_manifest(repository, referrer)
    assert store.referrers(repository, subject.digest) == by_digest(referrer)
    assert store.referrers(repository, Digest.of(subject.body)) == []


def test_a_subject_may_have_many_referrers(store: Store, repository: Repository) -> None:
    subject = image()
    referrers = [image(subject=subject) for _ in range(20)]
    for start in range(0, 16, 8):
        pushes = [
            partial(store.put_manifest, repository, referrer)
            for referrer in referrers[start : start + 8]
        ]
        assert at_once(pushes) == [None] * 8
    for referrer in referrers[16:]:
        store.put_manifest(repository, referrer)
    assert store.referrers(repository, subject.digest) == by_digest(*referrers)
    for referrer in referrers[::2]:
        store.delete_manifest(repository, referrer.digest)
    assert store.referrers(repository, subject.digest) == by_digest(*referrers[1::2])


def test_one_referrer_pushed_many_times_at_once_is_listed_once(
    store: Store, repository: Repository
) -> None:
    subject = image()
    referrer = image(subject=subject)
    push = partial(store.put_manifest, repository, referrer, [Tag("signature")])
    assert at_once([push] * 4) == [None] * 4
    assert store.referrers(repository, subject.digest) == by_digest(referrer)
    store.delete_manifest(repository, referrer.digest)
    assert store.referrers(repository, subject.digest) == []
