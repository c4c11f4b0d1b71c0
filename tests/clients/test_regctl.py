"""regctl: tags, indexes, artifacts, and blobs in pieces."""

from __future__ import annotations

import json

import pytest

from tests.clients.images import digest, greeting
from tests.clients.regctl import Regctl
from tests.registry import Registry

LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def test_tags_are_listed_in_pages(regctl: Regctl, registry: Registry) -> None:
    repository = registry.reference("regctl/pages")
    regctl.push(greeting("pages"), f"{repository}:t0")
    for number in range(1, 6):
        regctl.run("image", "copy", f"{repository}:t0", f"{repository}:t{number}")
    assert regctl.run("tag", "ls", repository).split() == [f"t{n}" for n in range(6)]
    assert regctl.run("tag", "ls", "--limit=2", repository).split() == ["t0", "t1"]
    assert regctl.run("tag", "ls", "--limit=2", "--last=t3", repository).split() == ["t4", "t5"]


def test_a_deleted_tag_leaves_its_image(regctl: Regctl, registry: Registry) -> None:
    image, repository = greeting("tag deleted"), registry.reference("regctl/deleted")
    for tag in ("kept", "gone"):
        regctl.push(image, f"{repository}:{tag}")
    regctl.run("tag", "delete", f"{repository}:gone")
    assert regctl.run("tag", "ls", repository).split() == ["kept"]
    assert regctl.pull(f"{repository}:kept").holds(image)


def test_repositories_are_listed(regctl: Regctl, registry: Registry) -> None:
    regctl.push(greeting("repositories"), registry.reference("regctl/repositories/one:1"))
    assert "regctl/repositories/one" in regctl.run("repo", "ls", registry.address).split()


@pytest.mark.parametrize("media_type", [INDEX, LIST])
def test_an_index_is_made_of_images(media_type: str, regctl: Regctl, registry: Registry) -> None:
    index = registry.reference(f"regctl/index:{len(media_type)}")
    parts = [registry.reference(f"regctl/index:{name}") for name in ("amd64", "arm64")]
    for architecture, part in zip(("amd64", "arm64"), parts, strict=True):
        regctl.push(greeting("regctl index", architecture=architecture), part)
    refs = (f"--ref={part}" for part in parts)
    regctl.run("index", "create", "--media-type", media_type, *refs, index)
    assert registry.manifest("regctl/index", str(len(media_type))).media_type == media_type
    for architecture in ("amd64", "arm64"):
        wanted = greeting("regctl index", architecture=architecture)
        found = regctl.run("image", "digest", f"--platform=linux/{architecture}", index)
        assert found.strip() == digest(wanted.manifest)


def test_an_artifact_with_a_subject_is_put_listed_and_got(
    regctl: Regctl, registry: Registry
) -> None:
    subject = registry.reference("regctl/subject:1")
    regctl.push(greeting("regctl subject"), subject)
    kind = "--artifact-type=application/vnd.test.report"
    regctl.run("artifact", "put", kind, "--subject", subject, stdin=b"all is well")
    listed = json.loads(regctl.run.output("artifact", "list", "--format={{json .}}", subject))
    assert [entry["size"] > 0 for entry in listed["descriptors"]] == [True]
    assert regctl.run.output("artifact", "get", "--subject", subject) == b"all is well"
    assert "vnd.test.report" in regctl.run("artifact", "tree", subject)


def test_an_image_is_copied_with_its_referrers(regctl: Regctl, registry: Registry) -> None:
    first, second = (registry.reference(f"regctl/{name}:1") for name in ("origin", "copy"))
    regctl.push(greeting("regctl copy"), first)
    kind = "--artifact-type=application/vnd.test.report"
    regctl.run("artifact", "put", kind, "--subject", first, stdin=b"copied too")
    regctl.run("image", "copy", "--referrers", "--digest-tags", first, second)
    assert regctl.run.output("artifact", "get", "--subject", second) == b"copied too"


def test_an_image_is_exported_and_imported(regctl: Regctl, registry: Registry) -> None:
    first, second = (registry.reference(f"regctl/{name}:1") for name in ("exported", "imported"))
    regctl.push(greeting("exported"), first)
    archive = regctl.new_folder() / "image.tar"
    regctl.run("image", "export", first, archive)
    regctl.run("image", "import", second, archive)
    assert regctl.pull(second).holds(greeting("exported"))


def test_a_blob_is_put_and_got(regctl: Regctl, registry: Registry) -> None:
    repository, content = registry.reference("regctl/blob"), greeting("blob").gzips[1]
    said = regctl.run("blob", "put", repository, stdin=content)
    assert said.strip() == digest(content)
    assert regctl.run.output("blob", "get", repository, digest(content)) == content


def test_an_image_is_changed_in_place(regctl: Regctl, registry: Registry) -> None:
    reference = registry.reference("regctl/modified:1")
    regctl.push(greeting("modified"), reference)
    regctl.run("image", "mod", "--replace", "--annotation=colour=blue", reference)
    assert registry.manifest("regctl/modified", "1").content["annotations"] == {"colour": "blue"}
