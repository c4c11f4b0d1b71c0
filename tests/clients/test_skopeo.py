"""skopeo: whole indexes, other compressions, lists and deletion."""

from __future__ import annotations

import json

import pytest

from tests.clients.images import OCI, digest, greeting, index_of
from tests.clients.podman import Podman
from tests.clients.pulled import from_folder
from tests.clients.skopeo import Skopeo
from tests.registry import Registry


def test_a_whole_index_is_copied_there_and_back(skopeo: Skopeo, registry: Registry) -> None:
    images = [greeting("copy all", architecture=name) for name in ("amd64", "arm64", "s390x")]
    reference = registry.reference("skopeo/all:1")
    skopeo.run("copy", "--all", f"oci:{skopeo.layout(*images)}", f"docker://{reference}")
    back = skopeo.new_folder()
    skopeo.run("copy", "--all", f"docker://{reference}", f"dir:{back}")
    assert (back / "manifest.json").read_bytes() == index_of(images)
    assert registry.manifest("skopeo/all", "1").digest == digest(index_of(images))
    for image in images:
        blob = digest(image.config).removeprefix("sha256:")
        assert (back / blob).read_bytes() == image.config


def test_an_index_is_copied_within_the_registry(skopeo: Skopeo, registry: Registry) -> None:
    images = [greeting("copy over", architecture=name) for name in ("amd64", "arm64")]
    first, second = (registry.reference(f"skopeo/{name}:1") for name in ("from", "to"))
    skopeo.run("copy", "--all", f"oci:{skopeo.layout(*images)}", f"docker://{first}")
    skopeo.run("copy", "--all", f"docker://{first}", f"docker://{second}")
    assert registry.manifest("skopeo/to", "1").content == json.loads(index_of(images))


@pytest.mark.parametrize("compression", ["zstd", "gzip"])
def test_layers_are_compressed_anew_on_the_way(
    compression: str, skopeo: Skopeo, podman: Podman, registry: Registry
) -> None:
    image, reference = greeting(compression), registry.reference(f"skopeo/{compression}:1")
    options = ("--format=oci", f"--dest-compress-format={compression}", "--dest-compress")
    skopeo.run("copy", *options, f"oci:{skopeo.layout(image)}", f"docker://{reference}")
    layers = registry.manifest(f"skopeo/{compression}", "1").content["layers"][
        1:
    ]  # the first is there already
    assert {layer["mediaType"] for layer in layers} == {f"{OCI}.layer.v1.tar+{compression}"}
    assert podman.pull(reference).files.items() >= image.files.items()


def test_docker_and_oci_manifests_are_converted(skopeo: Skopeo, registry: Registry) -> None:
    image = greeting("formats")
    for form in ("v2s2", "oci"):
        reference = registry.reference(f"skopeo/formats:{form}")
        skopeo.run(
            "copy", f"--format={form}", f"oci:{skopeo.layout(image)}", f"docker://{reference}"
        )
        assert skopeo.pull(reference).holds(image)
    assert "docker" in registry.manifest("skopeo/formats", "v2s2").media_type
    assert registry.manifest("skopeo/formats", "oci").media_type == f"{OCI}.manifest.v1+json"


def test_an_image_is_inspected_without_pulling(skopeo: Skopeo, registry: Registry) -> None:
    image, reference = greeting("inspect"), registry.reference("skopeo/inspect:1")
    skopeo.push(image, reference)
    facts = json.loads(skopeo.run.output("inspect", f"docker://{reference}"))
    assert facts["Digest"] == digest(image.manifest)
    assert facts["Layers"] == [digest(layer) for layer in image.gzips]
    assert facts["RepoTags"] == ["1"]
    assert skopeo.run.output("inspect", "--raw", f"docker://{reference}") == image.manifest


def test_tags_are_listed(skopeo: Skopeo, registry: Registry) -> None:
    for tag in ("b", "a", "1.2"):
        skopeo.push(greeting("tags"), registry.reference(f"skopeo/tags:{tag}"))
    repository = registry.reference("skopeo/tags")
    listed = json.loads(skopeo.run.output("list-tags", f"docker://{repository}"))
    assert listed["Tags"] == ["1.2", "a", "b"]


def test_a_deleted_image_is_gone(skopeo: Skopeo, registry: Registry) -> None:
    reference = registry.reference("skopeo/deleted:1")
    skopeo.push(greeting("deleted"), reference)
    skopeo.run("delete", f"docker://{reference}")
    assert "manifest unknown" in skopeo.run.refusal("inspect", f"docker://{reference}")


def test_a_whole_repository_is_synchronised(skopeo: Skopeo, registry: Registry) -> None:
    for tag in ("1", "2"):
        skopeo.push(greeting(f"sync {tag}"), registry.reference(f"skopeo/sync:{tag}"))
    into = skopeo.new_folder()
    source = registry.reference("skopeo/sync")
    skopeo.run("sync", "--src=docker", "--dest=dir", source, into)
    pulled = [from_folder(into / f"sync:{tag}") for tag in ("1", "2")]
    assert pulled[0].holds(greeting("sync 1"))
    assert pulled[1].holds(greeting("sync 2"))
