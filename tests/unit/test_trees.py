"""Trees of manifests: what one answer may cost, and what is remembered."""

from __future__ import annotations

import itertools
import json

import pytest

from registry_glance.errors import ManifestUnknown
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.media_types import OCI_INDEX, OCI_MANIFEST
from registry_glance.store.contract import StoredManifest
from registry_glance.store.glance import trees
from registry_glance.store.glance.trees import MOST, MOST_BLOBS, Trees, Walk
from tests.api.content import descriptor, digest, image, index


class Shelf:
    """Manifests by their digests, and how often each was asked for."""

    def __init__(self, *manifests: bytes) -> None:
        self.asked: list[Digest] = []
        self._held = {Digest.parse(digest(one)): one for one in manifests}

    def read(self, wanted: Digest) -> StoredManifest:
        self.asked.append(wanted)
        if wanted not in self._held:
            raise ManifestUnknown()
        body = self._held[wanted]
        return StoredManifest(json.loads(body)["mediaType"], wanted, body)


def name(manifest: bytes) -> Digest:
    return Digest.parse(digest(manifest))


def walked(shelf: Shelf, root: bytes, walk: Walk | None = None) -> list[Manifest]:
    return list((walk or Walk()).tree(name(root), shelf.read))


def naming(child: bytes, times: int) -> bytes:
    entries = [descriptor(child, OCI_MANIFEST)] * times
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()


def test_a_tree_is_walked_from_its_root_on() -> None:
    children = [image(n="1"), image(n="2")]
    inner = index(children[1])
    root = index(children[0], inner)
    found = walked(Shelf(root, inner, *children), root)
    assert [one.body for one in found] == [root, children[0], inner, children[1]]


def test_what_is_named_many_times_is_looked_for_once() -> None:
    child = image()
    inner = [json.dumps({**json.loads(naming(child, 3000)), "n": n}).encode() for n in range(3)]
    root = index(*inner)
    shelf, walk = Shelf(root, child, *inner), Walk()
    assert len(walked(shelf, root, walk)) == len(shelf.asked) == 5
    assert walk.is_whole


@pytest.mark.parametrize("held", [True, False], ids=["there", "absent"])
def test_no_more_than_so_many_are_looked_for(*, held: bool) -> None:
    children = [image(n=str(n)) for n in range(MOST + 50)]
    root = index(*children)
    shelf, walk = Shelf(root, *(children if held else ())), Walk()
    walked(shelf, root, walk)
    assert (len(shelf.asked), walk.is_over, walk.is_whole) == (MOST, True, False)
    # Nor of further trees for the same answer.
    assert walked(shelf, children[0], walk) == []
    assert len(shelf.asked) == MOST


def test_time_is_looked_at_for_every_manifest() -> None:
    now = itertools.count()
    root = index(*(image(n=str(n)) for n in range(50)))
    shelf, walk = Shelf(root), Walk(lambda: next(now))
    walked(shelf, root, walk)
    assert len(shelf.asked) == trees.PATIENCE
    assert not walk.is_whole


def test_a_tree_is_walked_once() -> None:
    child = image(b"layer")
    root = index(child)
    shelf, known = Shelf(root, child), Trees()
    first = known.of(name(root), shelf.read)
    assert first == {name(root): frozenset(), name(child): {name(b"{}"), name(b"layer")}}
    assert known.of(name(root), shelf.read) == first
    assert shelf.asked == [name(root), name(child)]


def test_a_tree_of_which_something_is_absent_is_not_remembered() -> None:
    child = image(b"layer")
    root, known = index(child), Trees()
    assert name(child) not in known.of(name(root), Shelf(root).read)
    assert name(child) in known.of(name(root), Shelf(root, child).read)


def test_a_tree_of_very_many_blobs_is_not_remembered() -> None:
    root = image(*(str(n).encode() for n in range(MOST_BLOBS)))
    shelf, known = Shelf(root), Trees()
    for _ in range(2):
        assert len(known.of(name(root), shelf.read)[name(root)]) == MOST_BLOBS + 1
    assert shelf.asked == [name(root)] * 2


def test_the_oldest_trees_are_forgotten() -> None:
    roots = [image(n=str(n)) for n in range(trees.REMEMBERED + 1)]
    shelf, known = Shelf(*roots), Trees()
    for root in (*roots, roots[-1], roots[0]):
        known.of(name(root), shelf.read)
    assert [shelf.asked.count(name(one)) for one in (roots[0], roots[-1])] == [2, 1]
