"""Archives of `docker save` and its like: manifests are made, all else is served as it lies."""

from __future__ import annotations

import gzip
import json
import tarfile

import pytest
import zstandard

from registry_glance.archive import room
from registry_glance.archive.contents import Contents
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from tests.clients.images import Image, canonical, digest
from tests.clients.tarballs import packed
from tests.unit.archive.made import (
    IMAGE,
    OTHER,
    blobs_of,
    layout,
    link,
    listed,
    member,
    named,
    read,
    saved,
    tar,
)

CONFIG = f"{digest(IMAGE.config)[7:]}.json"
LAYERS = [f"{digest(layer)[7:]}/layer.tar" for layer in IMAGE.tars]


def manifest(contents: Contents, place: int = 0) -> Manifest:
    """The manifest of one of the images."""
    document = contents.documents[contents.images[place].manifest]
    return Manifest.parse(document.body, document.media_type)


def test_a_manifest_is_made_of_what_the_archive_has() -> None:
    archive = packed(saved(IMAGE, names=["app:1", "app:2"]))
    contents = read(archive)
    made = manifest(contents)
    assert [image.names for image in contents.images] == [("app:1", "app:2")]
    assert made.media_type == media_types.DOCKER_MANIFEST
    assert made.config is not None
    assert contents.documents[made.config.digest].body == IMAGE.config
    assert [str(layer.digest) for layer in made.layers] == [digest(layer) for layer in IMAGE.tars]
    assert {layer.media_type for layer in made.layers} == {
        "application/vnd.docker.image.rootfs.diff.tar"
    }
    for layer, content in zip(made.layers, IMAGE.tars, strict=True):
        part = contents.parts[layer.digest]
        assert (part.size, part.digest) == (layer.size, layer.digest)
        assert archive[part.start : part.start + part.size] == content
    assert (contents.root, contents.packed) == (None, False)


def test_the_same_image_has_the_same_digest_in_any_archive() -> None:
    files = saved(IMAGE)
    other_order = dict(reversed(files.items()))
    assert read(packed(files)).images == read(gzip.compress(packed(other_order))).images


def test_several_images_share_what_they_have_in_common() -> None:
    below = Image(IMAGE.layers[:1])
    contents = read(packed(saved(IMAGE, OTHER, below)))
    assert len(contents.images) == 3
    assert len(contents.parts) == 3
    assert manifest(contents, 2).layers == manifest(contents, 0).layers[:1]


def test_the_same_image_twice_has_the_names_of_both() -> None:
    entries = [
        {"Config": CONFIG, "RepoTags": [name], "Layers": LAYERS} for name in ("app:1", "app:2")
    ]
    contents = read(packed(saved(IMAGE, **{"manifest.json": canonical(entries)})))
    assert [image.names for image in contents.images] == [("app:1", "app:2")]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE], ids=["symbolic", "hard"])
def test_a_layer_may_be_a_link_to_another(kind: bytes) -> None:
    twice = Image((IMAGE.layers[0], IMAGE.layers[0]))
    files = saved(twice)
    name = next(name for name in files if name.endswith("layer.tar"))
    target = f"../{name}" if kind == tarfile.SYMTYPE else name
    files["manifest.json"] = listed(f"{digest(twice.config)[7:]}.json", "top/layer.tar", name)
    members = [member(path, content) for path, content in files.items()]
    made = manifest(read(tar(link("top/layer.tar", target, kind), *members)))
    assert [str(layer.digest) for layer in made.layers] == [digest(twice.tars[0])] * 2


def test_names_may_begin_with_a_dot() -> None:
    files = {f"./{name}": content for name, content in saved(IMAGE).items()}
    assert read(packed(files)).images == read(packed(saved(IMAGE))).images


def test_gzip_layers_are_served_as_they_are() -> None:
    # As crane writes them.
    config = digest(IMAGE.config)
    layers = {f"{digest(layer)[7:]}.tar.gz": layer for layer in IMAGE.gzips}
    contents = read(
        packed({config: IMAGE.config, **layers, "manifest.json": listed(config, *layers)})
    )
    made = manifest(contents)
    assert [str(layer.digest) for layer in made.layers] == [digest(layer) for layer in IMAGE.gzips]
    assert {layer.media_type for layer in made.layers} == {
        "application/vnd.docker.image.rootfs.diff.tar.gzip"
    }


def test_zstd_layers_need_a_manifest_of_the_oci() -> None:
    one, two = IMAGE.tars
    layers = {"1.tar": zstandard.compress(one), "2.tar": two}
    contents = read(
        packed({"c.json": IMAGE.config, **layers, "manifest.json": listed("c.json", *layers)})
    )
    made = manifest(contents)
    assert made.media_type == media_types.OCI_MANIFEST
    assert made.config is not None
    assert [part.media_type for part in made.references()] == [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.v1.tar",
    ]


def test_a_layout_in_the_same_archive_is_preferred() -> None:
    # As docker writes since 25.
    inside = layout([named(IMAGE, containerd="docker.io/library/app:1")], *blobs_of(IMAGE))
    contents = read(packed({**saved(OTHER, names=["app:1"]), **inside}))
    assert [str(image.manifest) for image in contents.images] == [digest(IMAGE.manifest)]


def test_a_layout_that_lacks_something_is_not() -> None:
    inside = layout([named(IMAGE)], *blobs_of(IMAGE)[:-1])
    contents = read(packed({**saved(OTHER, names=["app:1"]), **inside}))
    assert contents.images == read(packed(saved(OTHER, names=["app:1"]))).images


def test_an_image_may_have_no_layers() -> None:
    empty = Image(())
    contents = read(packed(saved(empty)))
    assert manifest(contents).layers == ()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (saved(IMAGE, **{"manifest.json": b'[{"Config": 1, "Layers": []}]'}), "without Config"),
        (
            saved(IMAGE, **{"manifest.json": b'[{"Config": "a", "Layers": [1]}]'}),
            "no list of names",
        ),
        (
            saved(IMAGE, **{"manifest.json": b'[{"Config":"a","Layers":[]},{}]'}),
            "without Config and Layers",
        ),
        (saved(IMAGE, **{"manifest.json": listed("absent.json")}), "no file 'absent.json'"),
        (saved(IMAGE, **{"manifest.json": listed(CONFIG, "absent")}), "no file 'absent'"),
        (saved(IMAGE, **{"manifest.json": listed("../x", *LAYERS)}), "outside itself"),
        (saved(IMAGE, **{"manifest.json": listed(LAYERS[0], *LAYERS)}), "no JSON document"),
        (saved(IMAGE, **{"manifest.json": listed(CONFIG, *LAYERS[:1])}), "speaks of 2 layers"),
        (saved(IMAGE, **{"manifest.json": listed(CONFIG, *LAYERS[::-1])}), "is not the layer"),
        (saved(IMAGE, **{CONFIG: b"[]"}), "no configuration"),
        (saved(IMAGE, **{CONFIG: b'{"rootfs":{"type":"layers"},"x":NaN}'}), "is not JSON"),
        (saved(IMAGE, **{CONFIG: b'{"rootfs":{"diff_ids":[1,2]}}'}), "no configuration"),
        (saved(IMAGE, **{"manifest.json": listed(CONFIG, *["x"] * 501)}), "501 layers"),
        (saved(IMAGE, **{LAYERS[0]: b"\xfd7zXZ\0 a layer"}), "compressed with xz"),
    ],
)
def test_what_does_not_fit_together_is_refused(files: dict[str, bytes], words: str) -> None:
    with pytest.raises(ArchiveInvalid, match=words):
        read(packed(files))


@pytest.mark.parametrize(
    "body",
    [b"[]", b"[{}]", b'[{"name": "x"}]', b"{ // a word\n}", b'[{"Config": "a"', b"[" * 100_000],
)
def test_a_file_system_may_have_such_a_file(body: bytes) -> None:
    assert read(packed({"bin/sh": b"a shell", "manifest.json": body})).root is not None


def test_small_archives_do_not_become_large_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(saved(IMAGE, OTHER))
    monkeypatch.setattr(room, "REFERENCES_LIMIT", 3)
    documents = read(archive).documents.values()
    monkeypatch.setattr(room, "DOCUMENTS_LIMIT", sum(len(one.body) for one in documents))
    assert len(read(archive).images) == 2
    monkeypatch.setattr(room, "DOCUMENTS_LIMIT", room.DOCUMENTS_LIMIT - 1)
    with pytest.raises(ArchiveInvalid, match="of documents"):
        read(archive)
    monkeypatch.setattr(room, "REFERENCES_LIMIT", 2)
    with pytest.raises(ArchiveInvalid, match="more than 2 layers"):
        read(archive)


def test_a_thousand_images_are_enough() -> None:
    entries = [{"Config": CONFIG, "Layers": LAYERS}] * 1001
    with pytest.raises(ArchiveInvalid, match="lists 1001 images"):
        read(packed(saved(IMAGE, **{"manifest.json": canonical(entries)})))


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        (link(LAYERS[0], "nowhere"), "no file"),
        (link(LAYERS[0], "../../etc/passwd"), "outside itself"),
        (link(LAYERS[0], "/etc/passwd"), "outside itself"),
        (link(LAYERS[0], LAYERS[0], tarfile.LNKTYPE), "no file"),
        (member(LAYERS[0], type=tarfile.CHRTYPE), "no file"),
        (member(LAYERS[0], type=tarfile.FIFOTYPE), "no file"),
        (member(LAYERS[0], type=tarfile.DIRTYPE), "no file"),
        (member(LAYERS[0], IMAGE.tars[0], pax_headers={"GNU.sparse.realsize": "1"}), "sparse"),
    ],
)
def test_a_layer_has_to_be_a_file(instead: tuple[tarfile.TarInfo, bytes], words: str) -> None:
    files = saved(IMAGE)
    del files[LAYERS[0]]
    members = [member(name, content) for name, content in files.items()]
    with pytest.raises(ArchiveInvalid, match=words):
        read(tar(instead, *members, kind=tarfile.PAX_FORMAT))


def test_what_docker_wrote_before_1_10_is_explained() -> None:
    files = {"repositories": b"{}", f"{'a' * 64}/json": b"{}", f"{'a' * 64}/layer.tar": b"x"}
    with pytest.raises(ArchiveInvalid, match="save again"):
        read(packed(files))


def test_a_configuration_may_be_shared_by_many_and_is_read_once() -> None:
    # A list of 4 MiB could name one of 4 MiB a hundred thousand times.
    config = json.loads(IMAGE.config) | {"noise": ["x"] * 500_000}
    body = canonical(config)
    files = {**saved(IMAGE), "c.json": body}
    files["manifest.json"] = canonical(
        [{"Config": "c.json", "RepoTags": [f"a:{n}"], "Layers": LAYERS} for n in range(1000)]
    )
    contents = read(packed(files), 1 << 20)
    assert len(contents.images) == 1
    assert len(contents.images[0].names) == 1000
    assert contents.documents[Digest.of(body)].body == body


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"{}", b'[{"Config": "c.json"}]', b'["x"]'])
def test_parts_of_images_without_a_list_are_no_file_system(body: bytes) -> None:
    with pytest.raises(ArchiveInvalid, match="list"):
        read(packed({**saved(IMAGE), "manifest.json": body}))
    blobs = layout([], *blobs_of(IMAGE))
    del blobs["index.json"]
    with pytest.raises(ArchiveInvalid, match="list"):
        read(packed({**blobs, "manifest.json": body}))
