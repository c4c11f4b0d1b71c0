"""What docker, podman, skopeo and crane write, as these programs really do."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from registry_glance.archive.picking import pick, tags
from registry_glance.oci import media_types
from tests.archives.looked_at import configuration, image, layers, look
from tests.clients.conftest import require
from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.images import Image, digest, greeting, index_of
from tests.clients.podman import Podman
from tests.clients.program import missing
from tests.clients.skopeo import Skopeo

#: The second one has the first one's layers, and one of its own.
SMALL = greeting("archives", layers=2, size=5000)
LARGE = Image((*SMALL.layers, {"top": b"of it all"}))
#: Docker saves a layer that occurs twice as a link to itself.
TWICE = Image((SMALL.layers[0], SMALL.layers[1], SMALL.layers[0]))
PLAIN = "application/vnd.docker.image.rootfs.diff.tar"


@pytest.fixture(scope="module")
def names(docker: Docker) -> dict[str, Image]:
    """Name -> image, loaded into the Engine under names that nobody else has."""
    unlike = f"h-{uuid4().hex[:8]}.example/team"
    loaded = {f"{unlike}/small:1": SMALL, f"{unlike}/large:2": LARGE, f"{unlike}/twice:3": TWICE}
    for name, made in loaded.items():
        docker.load(made, name)
    return loaded


def digests(made: Image) -> list[str]:
    """What the layers are called where they are not compressed."""
    return [digest(tar) for tar in made.tars]


def test_docker_save(docker: Docker, names: dict[str, Image], tmp_path: Path) -> None:
    for name, made in names.items():
        docker.run("save", "--output", tmp_path / "one.tar", name)
        found = look(tmp_path / "one.tar")
        manifest = image(found)
        assert [one.names for one in found.images] == [(name,)]
        assert manifest.media_type == media_types.DOCKER_MANIFEST
        assert configuration(manifest) == digest(made.config)
        assert configuration(manifest) == _id(docker, name)
        assert layers(manifest) == digests(made)
        assert {layer.media_type for layer in manifest.layers} == {PLAIN}


def _id(docker: Docker, name: str) -> str:
    said = docker.run.output("image", "inspect", "--format", "{{.Id}}", name)
    return said.decode().strip()


def test_docker_save_of_several(docker: Docker, names: dict[str, Image], tmp_path: Path) -> None:
    docker.run("save", "--output", tmp_path / "all.tar", *names)
    found = look(tmp_path / "all.tar")
    by_name = {name: place for place, one in enumerate(found.images) for name in one.names}
    assert set(by_name) == set(names)
    for name, made in names.items():
        manifest = image(found, by_name[name])
        assert (configuration(manifest), layers(manifest)) == (digest(made.config), digests(made))
        assert pick(found, name.rpartition(":")[2]).manifest == manifest.digest
    assert {"1", "2", "3", "small", "large", "twice", "latest"} == set(tags(found))


@pytest.mark.parametrize("program", ["gzip", "xz", "bzip2", "zstd"])
def test_docker_save_compressed(
    docker: Docker, names: dict[str, Image], tmp_path: Path, program: str
) -> None:
    require(missing(program))
    plain = tmp_path / "saved"
    docker.run("save", "--output", plain, *names)
    packed = tmp_path / "packed"
    packed.write_bytes(
        subprocess.run([program, "-c", plain], capture_output=True, check=True).stdout
    )
    found = look(packed)
    assert found.packed
    assert (found.images, found.documents) == (look(plain).images, look(plain).documents)


def test_podman_save(podman: Podman, tmp_path: Path) -> None:
    for name, made in {"localhost/small:1": SMALL, "localhost/large:2": LARGE}.items():
        podman.load(made, name)
    podman.run("save", "--output", tmp_path / "docker", "localhost/large:2")
    manifest = image(look(tmp_path / "docker"))
    assert (configuration(manifest), layers(manifest)) == (digest(LARGE.config), digests(LARGE))

    several = ("localhost/small:1", "localhost/large:2")
    podman.run("save", "-m", "--output", tmp_path / "several", *several)
    found = look(tmp_path / "several")
    assert {name for one in found.images for name in one.names} == set(several)

    podman.run("save", "--format=oci-archive", "--output", tmp_path / "oci", "localhost/small:1")
    found = look(tmp_path / "oci")
    manifest = image(found)
    assert manifest.media_type == media_types.OCI_MANIFEST
    assert _diff_ids(found.documents[manifest.references().__next__().digest].body) == digests(
        SMALL
    )
    assert pick(found, "1").names == found.images[0].names


def _diff_ids(config: bytes) -> list[str]:
    found: list[str] = json.loads(config)["rootfs"]["diff_ids"]
    return found


def test_skopeo_copy(skopeo: Skopeo, tmp_path: Path) -> None:
    layout = skopeo.layout(TWICE)
    skopeo.run("copy", f"oci:{layout}", f"docker-archive:{tmp_path}/docker:h.example/twice:3")
    found = look(tmp_path / "docker")
    manifest = image(found)
    assert found.images[0].names == ("h.example/twice:3",)
    assert (configuration(manifest), layers(manifest)) == (digest(TWICE.config), digests(TWICE))

    skopeo.run("copy", f"oci:{layout}", f"oci-archive:{tmp_path}/oci:h.example/twice:3")
    found = look(tmp_path / "oci")
    assert found.images[0].names == ("h.example/twice:3",)
    assert image(found).body == TWICE.manifest
    assert layers(image(found)) == [digest(layer) for layer in TWICE.gzips]


def test_skopeo_copies_all_platforms(skopeo: Skopeo, tmp_path: Path) -> None:
    other = greeting("archives", architecture="arm64", size=5000)
    layout = skopeo.layout(SMALL, other)
    skopeo.run("copy", "--all", f"oci:{layout}", f"oci-archive:{tmp_path}/all:multi")
    found = look(tmp_path / "all")
    index = image(found)
    assert index.body == index_of([SMALL, other])
    bodies = {document.body for document in found.documents.values()}
    assert bodies == {index.body, SMALL.manifest, SMALL.config, other.manifest, other.config}


def test_crane_append(crane: Crane, tmp_path: Path) -> None:
    layer = tmp_path / "layer.tar.gz"
    layer.write_bytes(SMALL.gzips[0])
    tarball = tmp_path / "crane.tar"
    crane.run("append", "--new_layer", layer, "--new_tag", "h.example/app:1", "--output", tarball)
    found = look(tarball)
    manifest = image(found)
    assert found.images[0].names == ("h.example/app:1",)
    assert [layer.media_type for layer in manifest.layers] == [f"{PLAIN}.gzip"]
    part = found.parts[manifest.layers[0].digest]
    body = tarball.read_bytes()[part.start : part.start + part.size]
    assert gzip.decompress(body) == SMALL.tars[0]
