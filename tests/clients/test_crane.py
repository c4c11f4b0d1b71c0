"""crane: lists, copies, indexes, and a check of every byte."""

from __future__ import annotations

from tests.clients.crane import Crane
from tests.clients.docker import Docker
from tests.clients.images import digest, greeting
from tests.clients.tarballs import packed, unpacked
from tests.registry import Registry


def test_what_docker_pushed_is_valid(docker: Docker, crane: Crane, registry: Registry) -> None:
    reference = registry.reference("crane/from-docker:1")
    docker.push(greeting("validated"), reference)
    assert "PASS" in crane.run("validate", "--remote", reference)


def test_an_index_is_valid(crane: Crane, registry: Registry) -> None:
    index = registry.reference("crane/index:1")
    parts = [registry.reference(f"crane/index:{name}") for name in ("amd64", "arm64")]
    for architecture, part in zip(("amd64", "arm64"), parts, strict=True):
        crane.push(greeting("appended", architecture=architecture), part)
    crane.run("index", "append", "--tag", index, *(f"--manifest={part}" for part in parts))
    assert "PASS" in crane.run("validate", "--remote", index)
    for architecture in ("amd64", "arm64"):
        config = crane.run.output("config", f"--platform=linux/{architecture}", index)
        assert config == greeting("appended", architecture=architecture).config


def test_repositories_and_tags_are_listed(crane: Crane, registry: Registry) -> None:
    repositories = [registry.reference(f"crane/listed/{name}") for name in ("a", "b")]
    for repository in repositories:
        crane.push(greeting("listed"), f"{repository}:1")
        crane.run("tag", f"{repository}:1", "2")
    catalog = crane.run("catalog", registry.address).split()
    assert {"crane/listed/a", "crane/listed/b"} <= set(catalog)
    assert crane.run("ls", repositories[0]).split() == ["1", "2"]


def test_an_image_is_copied_within_the_registry(crane: Crane, registry: Registry) -> None:
    image = greeting("copied")
    first, second = (registry.reference(f"crane/{name}:1") for name in ("from", "to"))
    crane.push(image, first)
    crane.run("copy", first, second)
    assert crane.run("digest", second).strip() == digest(image.manifest)
    assert crane.pull(second).holds(image)


def test_a_layer_is_appended_to_a_remote_image(crane: Crane, registry: Registry) -> None:
    first, second = (registry.reference(f"crane/{name}:1") for name in ("short", "longer"))
    crane.push(greeting("append"), first)
    layer = crane.new_folder() / "layer.tar"
    layer.write_bytes(packed({"etc/appended": b"one more\n"}))
    crane.run("append", "--base", first, "--new_layer", layer, "--new_tag", second)
    assert unpacked(crane.run.output("export", second, "-"))["etc/appended"] == b"one more\n"


def test_labels_are_changed_in_place(crane: Crane, registry: Registry) -> None:
    reference = registry.reference("crane/mutated:1")
    crane.push(greeting("mutated"), reference)
    crane.run("mutate", "--label", "colour=blue", "--tag", reference, reference)
    assert '"colour":"blue"' in crane.run("config", reference)


def test_a_blob_is_read_by_its_digest(crane: Crane, registry: Registry) -> None:
    image, repository = greeting("blob"), registry.reference("crane/blob")
    crane.push(image, f"{repository}:1")
    assert crane.run.output("blob", f"{repository}@{digest(image.gzips[1])}") == image.gzips[1]


def test_a_deleted_manifest_is_gone(crane: Crane, registry: Registry) -> None:
    image, repository = greeting("deleted"), registry.reference("crane/deleted")
    crane.push(image, f"{repository}:1")
    crane.run("delete", f"{repository}@{digest(image.manifest)}")
    assert "MANIFEST_UNKNOWN" in crane.run.refusal("manifest", f"{repository}:1")
