"""What import makes of files, and that it makes nothing of what is none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.clients.images import Image, canonical, digest, greeting
from tests.clients.tarballs import packed


@pytest.fixture
def images(name: str) -> list[Image]:
    return [greeting(f"{name} {number}", size=3000) for number in (1, 2)]


@pytest.fixture
def archive(images: list[Image], name: str, tmp_path: Path) -> Path:
    """What `docker save NAME:1 NAME:2` writes."""
    files: dict[str, bytes] = {}
    listed = []
    for number, image in enumerate(images, 1):
        config = f"{digest(image.config).removeprefix('sha256:')}.json"
        layers = {f"{number}-{n}/layer.tar": tar for n, tar in enumerate(image.tars)}
        files |= {config: image.config, **layers}
        tags = [f"registry.example.org/{name}:{number}"]
        listed.append({"Config": config, "RepoTags": tags, "Layers": list(layers)})
    path = tmp_path / "several.tar"
    path.write_bytes(packed({"manifest.json": canonical(listed), **files}))
    return path


def config_of(command: Command, name: str) -> str:
    [image] = command.json("inspect", name)["images"]
    return str(image["config"]["digest"])


def test_one_of_several_is_picked_by_its_name(
    command: Command, archive: Path, images: list[Image], name: str
) -> None:
    command("import", f"{archive}#2", f"{name}:picked")
    assert config_of(command, f"{name}:picked") == digest(images[1].config)
    command("import", "-", f"{name}:first", stdin=gzip.compress(archive.read_bytes(), 1))
    assert config_of(command, f"{name}:first") == digest(images[0].config)
    failed = command.failure("import", f"{archive}#3", f"{name}:none")
    assert failed.exit_code == 2
    assert f"{name}:2" in failed.error["message"]


def test_all_come_under_their_own_names(command: Command, archive: Path, name: str) -> None:
    said = command.json("import", "--all", archive)["images"]
    address = command.env["REGISTRY_GLANCE_REGISTRY"]
    assert [one["name"] for one in said] == [f"{address}/{name}:{number}" for number in (1, 2)]
    said = command.json("import", "--all", archive, f"{name}-other")["images"]
    assert [one["name"] for one in said] == [f"{address}/{name}-other:{n}" for n in (1, 2)]
    assert {one["blobs"]["sent"] for one in said} == {0}


@pytest.mark.parametrize("cut", [10, 5_000, 1_000_000])
def test_what_is_cut_short_is_refused_before_anything_is_sent(
    command: Command, archive: Path, name: str, cut: int
) -> None:
    archive.write_bytes(archive.read_bytes()[:cut])
    failed = command.failure("import", archive, name)
    assert failed.exit_code == 1
    assert failed.said.count("\n") == 1
    assert command.failure("ls", name).code == "NAME_UNKNOWN"


def test_a_folder_that_is_no_layout_is_refused(command: Command, name: str, tmp_path: Path) -> None:
    assert command.failure("import", tmp_path, name).exit_code == 2
