"""Whatever the bytes are: an archive's contents, or a word on why there are none."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from registry_glance.archive.contents import Contents
from registry_glance.archive.unpacking import unpacked
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci.digest import Digest
from tests.clients.images import OCI, descriptor, index_of
from tests.clients.tarballs import packed
from tests.unit.archive.made import (
    COMPRESSIONS,
    IMAGE,
    OTHER,
    blobs_of,
    chunks,
    layout,
    link,
    member,
    named,
    read,
    saved,
    tar,
)

INDEX = index_of([IMAGE, OTHER])
LAYOUT = layout(
    [named(IMAGE, reference="1"), descriptor(f"{OCI}.index.v1+json", INDEX)],
    INDEX,
    *blobs_of(IMAGE),
    *blobs_of(OTHER),
)
PLAIN = [
    packed(saved(IMAGE, OTHER, names=["app:1"])),
    packed(LAYOUT),
    packed(saved(IMAGE, **LAYOUT)),
    tar(link("a", "b"), member("b" * 200, b"x"), link("c" * 200, "d" * 200)),
]
ARCHIVES = PLAIN + [compress(data) for compress in COMPRESSIONS.values() for data in PLAIN[:2]]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def look(data: bytes) -> None:
    """Read `data`; what is found has to be true."""
    with contextlib.suppress(ArchiveInvalid):
        contents = read(data, 777)
        assert isinstance(contents, Contents)
        assert bool(contents.images) != bool(contents.root)
        for image in contents.images:
            assert image.manifest in contents.documents
        for digest, document in contents.documents.items():
            assert Digest.of(document.body, digest.algorithm) == digest
        for part, pieces in unpacked(chunks(data), contents.parts.values()):
            assert Digest.of(b"".join(pieces), part.digest.algorithm) == part.digest


@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    look(data)


@given(st.sampled_from(ARCHIVES), st.data())
def test_archives_with_some_bytes_changed(archive: bytes, data: st.DataObject) -> None:
    changed = bytearray(archive)
    places = st.integers(0, len(archive) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        changed[place] = value
    look(bytes(changed))


@given(st.sampled_from(ARCHIVES), st.data())
def test_archives_with_pieces_missing_or_twice(archive: bytes, data: st.DataObject) -> None:
    blocks = st.integers(0, len(archive) // 512).map(lambda block: block * 512)
    start, stop, to = data.draw(st.tuples(blocks, blocks, blocks))
    look(archive[:to] + archive[start:stop] + archive[to:])
    look(archive[:start] + archive[stop:])


@given(st.sampled_from(["manifest.json", "index.json", "oci-layout"]), JSON)
def test_documents_that_say_anything(name: str, value: object) -> None:
    body = json.dumps(value).encode()
    look(packed({**saved(IMAGE, **LAYOUT), name: body}))
    look(packed({**saved(IMAGE), name: body}))


@given(st.sampled_from(sorted(LAYOUT)), st.sampled_from(sorted(LAYOUT)))
def test_files_in_the_place_of_others(one: str, other: str) -> None:
    look(packed({**LAYOUT, one: LAYOUT[other]}))
    look(packed({**saved(IMAGE), **LAYOUT, one: LAYOUT[other]}))
