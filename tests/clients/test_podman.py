"""podman: other compressions, other formats, and indexes it makes itself."""

from __future__ import annotations

import pytest

from tests.clients.docker import Docker
from tests.clients.images import greeting
from tests.clients.podman import Podman
from tests.clients.skopeo import Skopeo
from tests.registry import Registry

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker.distribution.manifest"


@pytest.mark.parametrize(
    ("form", "media_type"), [("oci", f"{OCI}.manifest.v1+json"), ("v2s2", f"{DOCKER}.v2+json")]
)
def test_an_image_is_pushed_in_either_format(
    form: str, media_type: str, podman: Podman, docker: Docker, registry: Registry
) -> None:
    image, reference = greeting(form), registry.reference(f"podman/{form}:1")
    podman.load(image, reference)
    podman.run("push", f"--format={form}", reference)
    assert registry.manifest(f"podman/{form}", "1").media_type == media_type
    files = docker.pull(reference).files
    assert files.items() >= image.files.items()


def test_zstd_layers_are_pushed_and_pulled(podman: Podman, registry: Registry) -> None:
    image, reference = greeting("zstd"), registry.reference("podman/zstd:1")
    podman.load(image, reference)
    podman.run("push", "--format=oci", "--compression-format=zstd", reference)
    layers = registry.manifest("podman/zstd", "1").content["layers"][
        1:
    ]  # the first is there already
    assert {layer["mediaType"] for layer in layers} == {f"{OCI}.layer.v1.tar+zstd"}
    assert podman.pull(reference).files.items() >= image.files.items()


def test_an_index_made_by_podman_is_read_by_others(
    podman: Podman, skopeo: Skopeo, registry: Registry
) -> None:
    index = registry.reference("podman/index:1")
    podman.run("manifest", "create", index)
    for architecture in ("amd64", "arm64"):
        reference = registry.reference(f"podman/index-{architecture}:1")
        skopeo.push(greeting("podman index", architecture=architecture), reference)
        podman.run("manifest", "add", index, f"docker://{reference}")
    podman.run("manifest", "push", "--all", index, f"docker://{index}")
    found = registry.manifest("podman/index", "1").content["manifests"]
    assert {entry["platform"]["architecture"] for entry in found} == {"amd64", "arm64"}
    arm64 = skopeo.run.output(
        "--override-arch=arm64", "inspect", "--config", "--raw", f"docker://{index}"
    )
    assert arm64 == greeting("podman index", architecture="arm64").config


def test_podman_finds_repositories_by_search(podman: Podman, registry: Registry) -> None:
    podman.push(greeting("search"), registry.reference("podman/found:1"))
    found = podman.run("search", "--format={{.Name}}", registry.reference("podman/fou"))
    assert found.split() == [registry.reference("podman/found")]
