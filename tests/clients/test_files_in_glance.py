"""Real clients pull what real programs have written, and somebody has put into Glance."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from registry_glance.store.glance.writer import Small
from tests.clients.client import Client
from tests.clients.docker import Docker
from tests.clients.images import Image, greeting
from tests.clients.podman import Podman
from tests.clients.skopeo import Skopeo
from tests.glance_images.conftest import add
from tests.registry import RegistryProcess

#: A file system has no configuration, and podman writes another one into an OCI archive.
REWRITTEN = ("docker-export", "podman-oci")
DOCKER = {"container_format": "docker", "disk_format": "raw"}


@pytest.fixture(scope="module")
def image() -> Image:
    return greeting(f"file {uuid4()}")


@pytest.fixture(scope="module")
def files(
    image: Image,
    docker: Docker,
    podman: Podman,
    skopeo: Skopeo,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Path]:
    """What each program writes of one image."""
    folder = tmp_path_factory.mktemp("files")
    name = "localhost/app:1"
    docker.load(image, name)
    docker.run("save", "--output", folder / "docker-save", name)
    podman.load(image, name)
    podman.run("save", "--format=oci-archive", "--output", folder / "podman-oci", name)
    podman.run("save", "--output", folder / "podman-docker", name)
    layout = f"oci:{skopeo.layout(image)}"
    skopeo.run("copy", layout, f"oci-archive:{folder}/skopeo-oci:app:1")
    skopeo.run("copy", layout, f"docker-archive:{folder}/skopeo-docker:app:1")
    container = docker.run.output("create", "--network=none", name).decode().strip()
    docker.run("export", "--output", folder / "docker-export", container)
    docker.run("rm", container)
    packed = gzip.compress((folder / "skopeo-docker").read_bytes(), compresslevel=1)
    (folder / "gzip").write_bytes(packed)
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def rows(cloud: Cloud, files: dict[str, Path]) -> Iterator[dict[str, str]]:
    """The images in Glance that the files are."""
    glance = Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))
    found = {kind: add(glance, kind, **DOCKER) for kind in files}
    for kind, row in found.items():
        glance.write(row, Small(files[kind].read_bytes()))
    yield found
    for row in found.values():
        glance.delete(row)


@pytest.mark.parametrize("name", ["docker", "crane", "skopeo", "podman"])
def test_a_client_pulls_whatever_was_put_into_glance(
    name: str,
    request: pytest.FixtureRequest,
    rows: dict[str, str],
    image: Image,
    shared_registry: RegistryProcess,
) -> None:
    client: Client = request.getfixturevalue(name)
    for kind, row in rows.items():
        found = client.pull(shared_registry.reference(f"glance/{row}:latest"))
        seen = {path: found.files.get(path) for path in image.files}
        assert seen == image.files, kind
        assert found.holds(image) == (kind not in REWRITTEN), kind


def test_docker_runs_a_root_file_system(
    docker: Docker, rows: dict[str, str], cloud: Cloud, shared_registry: RegistryProcess
) -> None:
    """Its program is what the image's properties say."""
    glance = Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))
    row = add(glance, "root", **DOCKER, docker_cmd="/bin/busybox cat etc/greeting")
    data = b"".join(glance.read(rows["docker-export"]))
    glance.write(row, Small(data))
    reference = shared_registry.reference(f"glance/{row}:latest")
    docker.run("pull", reference)
    assert docker.run("run", "--rm", "--network=none", reference).startswith("hello from file")
