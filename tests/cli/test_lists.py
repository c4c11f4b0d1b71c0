"""ls, inspect, rm and cp: what is there, what it is made of, and less or more of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry_glance.embedded.cloud import CLOUD_NAME, Cloud
from registry_glance.glance.client import Glance
from registry_glance.glance.cloud import from_clouds_yaml
from tests.api.client import Client
from tests.cli.command import Command
from tests.clients.images import Image, canonical, descriptor, digest, greeting, index_of
from tests.clients.layouts import write_layout
from tests.glance_images.conftest import add
from tests.registry import RegistryProcess

OCI = "application/vnd.oci.image"


@pytest.fixture
def images(name: str) -> list[Image]:
    """For two platforms."""
    return [greeting(name, size=9000), greeting(name, architecture="arm64", size=9000)]


@pytest.fixture
def pushed(command: Command, images: list[Image], name: str, tmp_path: Path) -> str:
    """The tag of an index of them."""
    command("import", write_layout(tmp_path / "layout", images, "made"), f"{name}:1")
    return f"{name}:1"


@pytest.fixture
def glance(cloud: Cloud) -> Glance:
    """Glance, as the registry itself sees it."""
    return Glance(from_clouds_yaml(CLOUD_NAME, str(cloud.clouds_yaml)))


def test_repositories_and_tags_are_listed(
    command: Command, pushed: str, name: str, images: list[Image]
) -> None:
    command("cp", pushed, f"{name}:2")
    assert name in command("ls").split()
    found = command.json("ls", name)
    assert (found["repository"], len(found["tags"])) == (name, 2)
    parts = {part for one in images for part in (one.manifest, one.config, *one.gzips)}
    whole = sum(map(len, {*parts, index_of(images)}))
    for tag, entry in zip("12", found["tags"], strict=True):
        assert entry == {
            "tag": tag,
            "digest": digest(index_of(images)),
            "media_type": f"{OCI}.index.v1+json",
            "size": whole,
        }


def test_an_image_is_inspected_with_its_ids_in_glance(
    command: Command, cloud: Cloud, glance: Glance, pushed: str, images: list[Image]
) -> None:
    command.env["OS_CLIENT_CONFIG_FILE"] = str(cloud.clouds_yaml)
    said = command.json("inspect", pushed, "--os-cloud", CLOUD_NAME)
    [row] = glance.named(pushed)
    assert (said["kind"], said["digest"]) == ("index", digest(index_of(images)))
    assert (said["glance_image"], said["glance_note"]) == (row["id"], None)
    assert [one["platform"] for one in said["images"]] == ["linux/amd64", "linux/arm64"]
    for image, found in zip(images, said["images"], strict=True):
        assert found["command"] == ["/bin/busybox", "cat", "/etc/greeting"]
        assert found["env"] == ["PATH=/bin"]
        assert found["digest"] == digest(image.manifest)
        for data, part in zip(
            (image.config, *image.gzips), (found["config"], *found["layers"]), strict=True
        ):
            assert (part["digest"], part["size"]) == (digest(data), len(data))
            [held] = part["glance"]
            assert b"".join(glance.read(held)) == data
        [held] = found["glance"]
        assert b"".join(glance.read(held)) == image.manifest
    text = command("inspect", pushed)
    assert "Glance was not asked" in text
    assert "linux/arm64" in text


def test_an_image_is_reached_by_its_id(
    command: Command, glance: Glance, pushed: str, images: list[Image], tmp_path: Path
) -> None:
    [row] = glance.named(pushed)
    by_id = f"glance/{row['id']}"
    assert command.json("inspect", by_id)["digest"] == digest(index_of(images))
    command("export", by_id, "-o", tmp_path / "by-id.tar", "--platform", "linux/arm64")
    assert (tmp_path / "by-id.tar").stat().st_size > 18000


def test_a_queued_image_is_filled(
    command: Command, glance: Glance, images: list[Image], tmp_path: Path
) -> None:
    row = add(glance, "to-be-filled")
    archive = images[0].write_archive(tmp_path / "image.tar", "image:1")
    said = command.json("import", archive, f"glance/{row}")["images"][0]
    filled = glance.get(row)
    assert (filled["status"], filled["oci_digest"]) == ("active", said["digest"])
    other = images[1].write_archive(tmp_path / "other.tar", "image:2")
    failed = command.failure("import", other, f"glance/{row}")
    assert (failed.exit_code, failed.code) == (1, "DENIED")


def test_a_tag_is_deleted_alone_and_a_manifest_with_its_tags(
    command: Command, pushed: str, name: str, images: list[Image]
) -> None:
    command("cp", pushed, f"{name}:2")
    command("rm", f"{name}:2")
    assert [one["tag"] for one in command.json("ls", name)["tags"]] == ["1"]
    said = command.json("rm", f"{name}@{digest(index_of(images))}")
    assert [one.partition("@")[2] for one in said["deleted"]] == [digest(index_of(images))]
    failed = command.failure("inspect", f"{name}:1")
    assert (failed.exit_code, failed.code, failed.error["status"]) == (1, "MANIFEST_UNKNOWN", 404)
    assert command.failure("ls", f"{name}:1").error["status"] == 404


def test_a_copy_within_a_registry_sends_nothing(
    command: Command, pushed: str, name: str, images: list[Image]
) -> None:
    said = command.json("cp", pushed, f"{name}-copy:9")["images"][0]
    assert said["digest"] == digest(index_of(images))
    assert said["bytes_sent"] == said["blobs"]["sent"] == 0


def test_a_copy_brings_an_index_with_its_signature(
    command: Command,
    start_registry: object,
    shared_registry: RegistryProcess,
    pushed: str,
    name: str,
    images: list[Image],
) -> None:
    assert callable(start_registry)
    # A store of its own, since another key seals its rows; one entry a page.
    other = start_registry(ids={"key": "0f" * 32}, limits={"page": 1})
    signature = sign(shared_registry, name, index_of(images))
    target = f"{other.address}/{name}:copy"
    plain = command.json("cp", pushed, f"{target}-plain")["images"][0]
    assert plain["blobs"]["sent"] == 7
    client = Client(other.address)
    path = f"/v2/{name}/referrers/{digest(index_of(images))}"
    assert json.loads(client("GET", path).body)["manifests"] == []
    command("cp", "--referrers", pushed, target)
    [found] = json.loads(client("GET", path).body)["manifests"]
    assert found["digest"] == signature
    assert client("GET", f"/v2/{name}/manifests/copy").body == index_of(images)
    tags = command.json("ls", f"{other.address}/{name}")["tags"]
    assert {one["tag"] for one in tags} >= {"copy", "copy-plain"}


def sign(registry: RegistryProcess, name: str, subject: bytes) -> str:
    """Push a manifest that refers to an index; its digest."""
    client = Client(registry.address)
    begun = client("POST", f"/v2/{name}/blobs/uploads/")
    client("PUT", f"{begun['Location']}?digest={digest(b'{}')}", b"{}")
    body = canonical(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "artifactType": "application/vnd.example.signature",
            "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [descriptor("application/vnd.oci.empty.v1+json", b"{}")],
            "subject": descriptor(f"{OCI}.index.v1+json", subject),
        }
    )
    put = client(
        "PUT",
        f"/v2/{name}/manifests/{digest(body)}",
        body,
        **{"Content-Type": f"{OCI}.manifest.v1+json"},
    )
    assert put.status == 201
    return digest(body)


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("ls", "nobody/has/this"), 1, "NAME_UNKNOWN"),
        (("ls", "Not A Name"), 2, "USAGE"),
        (("ls", "--registry", "http://127.0.0.1"), 2, "USAGE"),
        (("ls", "--registry", "127.0.0.1:1", "x:1"), 1, "UNREACHABLE"),
        (("ls", "--username", "ann"), 2, "USAGE"),
        (("import", "/nowhere", "x"), 1, "FILE"),
        (("import", "-", "x"), 1, "MANIFEST_UNKNOWN"),
        (("export", "x", "-o", "/dev/null"), 1, "MANIFEST_UNKNOWN"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_errors_are_one_line_and_json(
    command: Command, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    failed = command.failure(*words, stdin=b"no archive")
    assert (failed.exit_code, failed.code) == (exit_code, code)
    assert failed.said.count("\n") == 1
    assert failed.error["message"] in failed.said


def test_what_is_no_file_is_not_replaced(command: Command, pushed: str) -> None:
    assert command.failure("export", pushed, "-o", "/dev/null").exit_code == 2
    assert Path("/dev/null").is_char_device()
