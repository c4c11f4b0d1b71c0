"""oras: artifacts, and artifacts that say something about an image."""

from __future__ import annotations

import json

from tests.clients.images import digest, greeting
from tests.clients.oras import Oras
from tests.clients.regctl import Regctl
from tests.registry import Registry

SBOM, SIGNATURE = "application/vnd.test.sbom", "application/vnd.test.signature"


def test_files_are_pushed_and_pulled_as_an_artifact(oras: Oras, registry: Registry) -> None:
    reference, here, there = (
        registry.reference("oras/files:1"),
        oras.new_folder(),
        oras.new_folder(),
    )
    (here / "notes.txt").write_text("some notes")
    (here / "empty").write_bytes(b"")
    oras.run("push", *HTTP, "--artifact-type=text/notes", reference, "notes.txt", "empty", cwd=here)
    oras.run("pull", *HTTP, "--output", there, reference)
    assert (there / "notes.txt").read_text() == "some notes"
    assert (there / "empty").read_bytes() == b""
    assert registry.manifest("oras/files", "1").content["artifactType"] == "text/notes"
    # Another test wants to delete the empty blob, which a whole project shares.
    oras.run("manifest", "delete", *HTTP, "--force", reference)


def test_what_was_attached_is_discovered(oras: Oras, registry: Registry) -> None:
    reference = registry.reference("oras/subject:1")
    oras.push(greeting("subject"), reference)
    attach(oras, reference, SBOM)
    attach(oras, reference, SIGNATURE)
    assert types(referrers(oras, reference)) == {SBOM, SIGNATURE}
    assert types(referrers(oras, reference, f"--artifact-type={SBOM}")) == {SBOM}


def test_what_was_attached_is_seen_by_regctl(
    oras: Oras, regctl: Regctl, registry: Registry
) -> None:
    reference = registry.reference("oras/shared:1")
    oras.push(greeting("shared subject"), reference)
    attach(oras, reference, SBOM)
    listed = json.loads(regctl.run.output("artifact", "list", "--format={{json .}}", reference))
    assert [entry["artifactType"] for entry in listed["descriptors"]] == [SBOM]
    said = regctl.run.output("artifact", "get", "--subject", reference, "--file=note")
    assert said == SBOM.encode()


def test_an_image_is_copied_with_all_that_was_attached(oras: Oras, registry: Registry) -> None:
    first, second = (registry.reference(f"oras/{name}:1") for name in ("origin", "copy"))
    oras.push(greeting("copied subject"), first)
    attach(oras, first, SBOM)
    oras.run("cp", "--recursive", "--from-plain-http", "--to-plain-http", first, second)
    assert types(referrers(oras, second)) == {SBOM}


def test_a_deleted_referrer_is_no_longer_discovered(oras: Oras, registry: Registry) -> None:
    reference = registry.reference("oras/unsigned:1")
    oras.push(greeting("unsigned"), reference)
    attach(oras, reference, SIGNATURE)
    (signature,) = referrers(oras, reference)
    oras.run("manifest", "delete", *HTTP, "--force", signature["reference"])
    assert referrers(oras, reference) == []


def test_tags_and_repositories_are_listed(oras: Oras, registry: Registry) -> None:
    repository = registry.reference("oras/listed")
    oras.push(greeting("tagged"), f"{repository}:1")
    oras.run("tag", *HTTP, f"{repository}:1", "2", "latest")
    assert oras.run("repo", "tags", *HTTP, repository).split() == ["1", "2", "latest"]
    assert "listed" in oras.run("repo", "ls", *HTTP, registry.reference("oras")).split()


def test_a_blob_is_pushed_fetched_and_deleted(oras: Oras, registry: Registry) -> None:
    content = b"just some bytes"
    reference = registry.reference(f"oras/blob@{digest(content)}")
    size = f"--size={len(content)}"
    oras.run("blob", "push", *HTTP, size, reference, "-", stdin=content)
    assert oras.run.output("blob", "fetch", *HTTP, "--output=-", reference) == content
    oras.run("blob", "delete", *HTTP, "--force", reference)
    oras.run.refusal("blob", "fetch", *HTTP, "--output=-", reference)


def test_a_manifest_that_lacks_a_blob_is_refused(oras: Oras, registry: Registry) -> None:
    manifest = greeting("never pushed").manifest
    said = oras.run.refusal(
        "manifest", "push", *HTTP, registry.reference("oras/hollow:1"), "-", stdin=manifest
    )
    assert "blob unknown" in said.lower()


HTTP = ("--plain-http",)


def attach(oras: Oras, reference: str, kind: str) -> None:
    """Attach a file that contains its own type."""
    folder = oras.new_folder()
    (folder / "note").write_text(kind)
    oras.run("attach", *HTTP, f"--artifact-type={kind}", reference, "note:text/plain", cwd=folder)


def referrers(oras: Oras, reference: str, *options: str) -> list[dict[str, str]]:
    """What oras finds attached to an image."""
    found = oras.run.output("discover", *HTTP, "--format=json", *options, reference)
    return list(json.loads(found).get("referrers") or [])


def types(found: list[dict[str, str]]) -> set[str]:
    """The artifact types among referrers."""
    return {entry["artifactType"] for entry in found}
