"""registry-glance import and export beside docker, podman and skopeo: the images stay the same."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.command import Command
from tests.clients.conftest import require
from tests.clients.docker import Docker
from tests.clients.images import digest, greeting, index_of
from tests.clients.podman import Podman
from tests.clients.program import Program, missing
from tests.clients.skopeo import Skopeo
from tests.registry import RegistryProcess


@pytest.fixture
def command(shared_registry: RegistryProcess, tmp_path: Path) -> Command:
    return Command(tmp_path, shared_registry.address)


@pytest.fixture
def name() -> str:
    """A tag that no other test uses."""
    return f"cli-{uuid4().hex[:8]}/app:1"


def test_what_docker_saves_comes_back_to_docker(
    docker: Docker, command: Command, shared_registry: RegistryProcess, name: str, tmp_path: Path
) -> None:
    image = greeting(name)
    docker.load(image, name)
    saved, exported = tmp_path / "saved.tar", tmp_path / "exported.tar"
    docker.run("save", "--output", saved, name)
    command("import", f"{saved}#{name}", name)
    reference = shared_registry.reference(name)
    pulled = docker.pull(reference)
    assert pulled.holds(image)
    assert pulled.manifest == command.json("inspect", name)["digest"]
    command("export", name, "-o", exported)
    docker.forget(reference)
    docker.forget(name)
    assert name in docker.run("load", "--input", exported)
    [facts] = json.loads(docker.run.output("image", "inspect", name))
    assert facts["Id"] == digest(image.config)


def test_compressed_layers_are_loaded_as_they_are(
    docker: Docker, podman: Podman, skopeo: Skopeo, command: Command, name: str, tmp_path: Path
) -> None:
    image = greeting(name)
    archive = tmp_path / "exported.tar"
    command("import", f"{skopeo.layout(image).removesuffix(':made')}", name)
    archive.write_bytes(command.output("export", name, "-o", "-"))
    docker.run("load", "--input", archive)
    [facts] = json.loads(docker.run.output("image", "inspect", name))
    assert facts["Id"] == digest(image.config)
    podman.run("load", "--input", archive)
    [facts] = json.loads(podman.run.output("image", "inspect", f"localhost/{name}"))
    assert f"sha256:{facts['Id']}" == digest(image.config)


def test_an_oci_archive_comes_back_with_its_digests(
    skopeo: Skopeo, command: Command, name: str, tmp_path: Path
) -> None:
    images = [greeting(name), greeting(name, architecture="arm64")]
    archive, exported = tmp_path / "oci.tar", tmp_path / "exported.tar"
    skopeo.run("copy", "--all", f"oci:{skopeo.layout(*images)}", f"oci-archive:{archive}:made")
    command("import", archive, name)
    index = digest(index_of(images))
    assert command.json("inspect", name)["digest"] == index
    command("export", name, "-o", exported, "--format", "oci", "--all-platforms")
    assert digest(skopeo.run.output("inspect", "--raw", f"oci-archive:{exported}:1")) == index
    into = skopeo.new_folder()
    skopeo.run("copy", "--all", f"oci-archive:{exported}:1", f"oci:{into}:all")
    blobs = {path.name for path in (into / "blobs/sha256").iterdir()}
    for image in images:
        parts = (image.manifest, image.config, *image.gzips)
        assert {digest(part).removeprefix("sha256:") for part in parts} <= blobs


def test_podman_pulls_what_was_a_root_file_system(
    podman: Podman, command: Command, shared_registry: RegistryProcess, name: str, tmp_path: Path
) -> None:
    require(missing("xz"))
    image = greeting(name, layers=2)
    rootfs = tmp_path / "rootfs.tar.xz"
    podman.load(image, f"localhost/{name}")
    container = podman.run.output("create", f"localhost/{name}").decode().strip()
    podman.run("export", "--output", tmp_path / "rootfs.tar", container)
    Program("xz", "--fast", "--keep")(tmp_path / "rootfs.tar")
    command("import", rootfs, name, "--property", "docker_cmd=/bin/busybox cat /etc/greeting")
    pulled = podman.pull(shared_registry.reference(name))
    assert pulled.files["etc/greeting"] == image.files["etc/greeting"]
    [facts] = json.loads(podman.run.output("image", "inspect", shared_registry.reference(name)))
    assert facts["Config"]["Cmd"] == ["/bin/busybox", "cat", "/etc/greeting"]
