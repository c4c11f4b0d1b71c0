"""OCI layouts: manifests are served with their own bytes, as far as all they need is there."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from registry_glance.archive import room
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from tests.clients.images import OCI, canonical, descriptor, digest, index_of, platform_descriptor
from tests.clients.tarballs import packed
from tests.unit.archive.made import IMAGE, OTHER, blobs_of, layout, member, named, read, saved, tar

INDEX = index_of([IMAGE, OTHER])
TOP = [descriptor(f"{OCI}.index.v1+json", INDEX)]


def digests(*blobs: bytes) -> set[str]:
    return {digest(blob) for blob in blobs}


def test_an_image_is_served_with_its_own_bytes() -> None:
    archive = packed(layout([named(IMAGE, reference="1")], *blobs_of(IMAGE)))
    contents = read(archive)
    assert [(str(image.manifest), image.names) for image in contents.images] == [
        (digest(IMAGE.manifest), ("1",))
    ]
    assert {str(found) for found in contents.documents} == digests(IMAGE.manifest, IMAGE.config)
    document = contents.documents[Digest.of(IMAGE.manifest)]
    assert (document.media_type, document.body) == (media_types.OCI_MANIFEST, IMAGE.manifest)
    assert {str(part) for part in contents.parts} == digests(*IMAGE.gzips)
    for part in contents.parts.values():
        assert Digest.of(archive[part.start : part.start + part.size]) == part.digest


def test_both_kinds_of_names_are_known_the_whole_one_first() -> None:
    top = [
        named(IMAGE, reference="1", containerd="docker.io/library/app:1"),
        named(IMAGE, reference="2", containerd="docker.io/library/app:2"),
        platform_descriptor(OTHER),
    ]
    contents = read(packed(layout(top, *blobs_of(IMAGE), *blobs_of(OTHER))))
    assert [image.names for image in contents.images] == [
        ("docker.io/library/app:1", "1", "docker.io/library/app:2", "2"),
        (),
    ]


def test_an_index_is_an_image_with_its_platforms() -> None:
    contents = read(packed(layout(TOP, INDEX, *blobs_of(IMAGE), *blobs_of(OTHER))))
    assert [str(image.manifest) for image in contents.images] == [digest(INDEX)]
    assert {str(found) for found in contents.documents} == digests(
        INDEX, IMAGE.manifest, IMAGE.config, OTHER.manifest, OTHER.config
    )
    assert {str(part) for part in contents.parts} == digests(*IMAGE.gzips, *OTHER.gzips)


@pytest.mark.parametrize("missing", range(3), ids=["manifest", "configuration", "layer"])
def test_a_platform_may_be_missing(missing: int) -> None:
    # docker saves what it has pulled.
    there = [blob for place, blob in enumerate(blobs_of(OTHER)) if place != missing]
    contents = read(packed(layout(TOP, INDEX, *blobs_of(IMAGE), *there)))
    manifests = {
        str(found)
        for found, document in contents.documents.items()
        if document.media_type in media_types.MANIFESTS
    }
    assert manifests == digests(INDEX, IMAGE.manifest)


def test_but_not_all_of_them() -> None:
    with pytest.raises(ArchiveInvalid, match="none of the images"):
        read(packed(layout(TOP, INDEX)))


@pytest.mark.parametrize("missing", range(4), ids=["manifest", "configuration", "one", "two"])
def test_an_image_of_which_something_is_missing_is_refused(missing: int) -> None:
    there = [blob for place, blob in enumerate(blobs_of(IMAGE)) if place != missing]
    lacking = digest(blobs_of(IMAGE)[missing])[7:]
    with pytest.raises(ArchiveInvalid, match=f"lacks blobs/sha256/{lacking}"):
        read(packed(layout([named(IMAGE)], *there)))


def test_a_layer_that_is_not_distributed_may_be_missing() -> None:
    foreign = f"{OCI}.layer.nondistributable.v1.tar+gzip"
    manifest = canonical(
        {
            "schemaVersion": 2,
            "config": descriptor(f"{OCI}.config.v1+json", IMAGE.config),
            "layers": [descriptor(foreign, b"elsewhere")],
        }
    )
    top = [descriptor(media_types.OCI_MANIFEST, manifest)]
    contents = read(packed(layout(top, manifest, IMAGE.config)))
    assert not contents.parts


def test_a_configuration_that_calls_itself_a_manifest_is_none() -> None:
    manifest = canonical(
        {
            "schemaVersion": 2,
            "config": descriptor(media_types.OCI_MANIFEST, b"{}"),
            "layers": [],
        }
    )
    top = [descriptor(media_types.OCI_MANIFEST, manifest)]
    contents = read(packed(layout(top, manifest, b"{}")))
    assert set(contents.documents) == {Digest.of(manifest)}
    assert set(contents.parts) == {Digest.of(b"{}")}


@pytest.mark.parametrize("place", range(3), ids=["manifest", "configuration", "layer"])
def test_a_blob_that_is_not_what_it_is_named_is_refused(place: int) -> None:
    blob = blobs_of(IMAGE)[place]
    files = layout([named(IMAGE)], *blobs_of(IMAGE))
    files[f"blobs/sha256/{digest(blob)[7:]}"] = blob[:-1] + b" "
    with pytest.raises(ArchiveInvalid, match="another digest"):
        read(packed(files))


def test_a_blob_of_another_size_than_told_is_refused() -> None:
    top = [{**named(IMAGE), "size": 1}]
    with pytest.raises(ArchiveInvalid, match="instead of 1"):
        read(packed(layout(top, *blobs_of(IMAGE))))


def in_sha512(blob: bytes) -> tuple[str, dict[str, Any]]:
    """A layer's place, and its descriptor, by its sha512."""
    found = hashlib.sha512(blob).hexdigest()
    told = {"mediaType": f"{OCI}.layer.v1.tar", "digest": f"sha512:{found}", "size": len(blob)}
    return f"blobs/sha512/{found}", told


@pytest.mark.parametrize("damage", [b"", b"x"], ids=["right", "wrong"])
def test_sha512_is_checked_as_well(damage: bytes) -> None:
    layer = IMAGE.tars[0]
    name, told = in_sha512(layer)
    manifest = canonical(
        {
            "schemaVersion": 2,
            "config": descriptor(f"{OCI}.config.v1+json", IMAGE.config),
            "layers": [told],
        }
    )
    files = layout([descriptor(media_types.OCI_MANIFEST, manifest)], manifest, IMAGE.config)
    files[name] = layer[len(damage) :] + damage
    archive = tar(*(member(path, content) for path, content in files.items()))
    if damage:
        with pytest.raises(ArchiveInvalid, match="another digest"):
            read(archive)
    else:
        assert [str(part) for part in read(archive).parts] == [told["digest"]]


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (b"{}", "no index"),
        (b"[]", "no index"),
        (b"{", "not JSON"),
        (b'{"manifests":[{}]}', "damaged: invalid descriptor"),
        (b'{"manifests":[]}', "lists no image"),
        (canonical({"manifests": [named(IMAGE)] * 1001}), "at most 1000"),
        (canonical({"manifests": [descriptor("text/plain", b"hello")]}), "lists no image"),
        (
            canonical({"manifests": [descriptor(media_types.OCI_MANIFEST, IMAGE.config)]}),
            "no manifest",
        ),
        (b'"an index"', "no JSON document"),
    ],
)
def test_a_wrong_index_is_refused(index: bytes, words: str) -> None:
    with pytest.raises(ArchiveInvalid, match=words):
        read(packed({**layout([], *blobs_of(IMAGE)), "index.json": index}))


def odd_at_the_top() -> dict[str, dict[str, Any]]:
    """What one entry of index.json may be beside an image that is whole."""
    kind = media_types.OCI_MANIFEST
    return {
        "absent": descriptor(kind, b"absent"),
        "lacks a layer": named(OTHER),
        "no descriptor": {},
        "unknown algorithm": {**named(IMAGE), "digest": f"sha384:{'a' * 96}"},
        "no manifest": descriptor(kind, IMAGE.config),
        "no JSON": descriptor(kind, IMAGE.tars[0]),
    }


@pytest.mark.parametrize("what", odd_at_the_top())
def test_what_is_odd_at_the_top_does_not_keep_others_from_being_served(what: str) -> None:
    blobs = (*blobs_of(IMAGE), IMAGE.tars[0], *blobs_of(OTHER)[:-1])
    odd = odd_at_the_top()[what]
    for top in ([odd, named(IMAGE)], [named(IMAGE), odd]):
        contents = read(packed(layout(top, *blobs)))
        assert [str(image.manifest) for image in contents.images] == [digest(IMAGE.manifest)]
    with pytest.raises(ArchiveInvalid):
        read(packed(layout([odd], *blobs)))


def test_a_damaged_blob_does() -> None:
    files = layout([named(IMAGE), named(OTHER)], *blobs_of(IMAGE), *blobs_of(OTHER))
    files[f"blobs/sha256/{digest(OTHER.config)[7:]}"] = b"{}"
    with pytest.raises(ArchiveInvalid, match="another digest"):
        read(packed(files))


def test_an_index_by_itself_is_no_image() -> None:
    with pytest.raises(ArchiveInvalid, match="an index by itself"):
        read(INDEX)


def test_a_layout_has_an_index() -> None:
    assert read(packed({"oci-layout": b"{}", "bin/sh": b"a shell"})).root is not None


@pytest.mark.parametrize(
    "files",
    [layout([named(IMAGE)], *blobs_of(IMAGE)), saved(IMAGE, repositories=b"{}")],
    ids=["layout", "docker save"],
)
def test_a_folder_above_images_is_explained(files: dict[str, bytes]) -> None:
    below = {f"app/{name}": content for name, content in files.items()}
    with pytest.raises(ArchiveInvalid, match="a folder above it"):
        read(packed(below))
    # Beside a system's files it is one of them.
    assert read(packed({**below, "bin/sh": b"a shell"})).root is not None


def test_there_is_an_end_to_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(layout([named(IMAGE)], *blobs_of(IMAGE)))
    size = len(IMAGE.manifest) + len(IMAGE.config)
    monkeypatch.setattr(room, "DOCUMENTS_LIMIT", size)
    assert read(archive).images
    monkeypatch.setattr(room, "DOCUMENTS_LIMIT", size - 1)
    with pytest.raises(ArchiveInvalid, match="of documents"):
        read(archive)


def test_there_is_an_end_to_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    top = [named(IMAGE), named(OTHER)]
    archive = packed(layout(top, *blobs_of(IMAGE), *blobs_of(OTHER)))
    monkeypatch.setattr(room, "REFERENCES_LIMIT", 3)
    assert len(read(archive).images) == 2
    monkeypatch.setattr(room, "REFERENCES_LIMIT", 2)
    with pytest.raises(ArchiveInvalid, match="more than 2 layers"):
        read(archive)


def test_indexes_of_indexes_have_an_end() -> None:
    blobs = [INDEX]
    for _ in range(9):
        children = [descriptor(media_types.OCI_INDEX, blobs[-1])]
        blobs.append(canonical({"schemaVersion": 2, "manifests": children}))
    top = [descriptor(media_types.OCI_INDEX, blobs[-1])]
    with pytest.raises(ArchiveInvalid, match="index in an index"):
        read(packed(layout(top, *blobs, *blobs_of(IMAGE), *blobs_of(OTHER))))


def test_what_is_missing_is_looked_for_once() -> None:
    # Each index names the one below it many times: all paths would be 1,000 to the fourth.
    absent = descriptor(media_types.OCI_MANIFEST, b"absent")
    blobs = [canonical({"schemaVersion": 2, "manifests": [absent] * 1000})]
    for _ in range(3):
        child = descriptor(media_types.OCI_INDEX, blobs[-1])
        blobs.append(canonical({"schemaVersion": 2, "manifests": [child] * 1000}))
    top = [descriptor(media_types.OCI_INDEX, blobs[-1])]
    with pytest.raises(ArchiveInvalid, match="none of the images"):
        read(packed(layout(top, *blobs)), 1 << 20)


def test_what_many_files_hide_is_no_file_system() -> None:
    many = {f"{number:x}": b"" for number in range(10_001)}
    for files in ({**layout([named(IMAGE)]), **many}, {**many, **layout([named(IMAGE)])}):
        with pytest.raises(ArchiveInvalid, match="too many files"):
            read(packed(files), 1 << 20)
