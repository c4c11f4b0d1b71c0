"""A push to the ID of an image that waits for its data."""

from __future__ import annotations

import secrets

from tests.access.conftest import Callers
from tests.access.questions import READS, answers, pushed
from tests.api.content import image
from tests.glance_images.conftest import snapshot


def test_a_queued_image_is_filled(callers: Callers, repository: str) -> None:
    data = secrets.token_bytes(1000)
    pushed(callers.alice, repository, secrets.token_bytes(10))
    tag = callers.alice.tenant.image(f"{repository}:latest")
    row = snapshot(callers.alice.tenant, f"{repository}:latest", tag)
    found = pushed(callers.alice, f"glance/{row}", data)
    filled = callers.alice.tenant.glance().get(row)
    said = {name: value for name, value in filled.items() if name.startswith("oci_")}
    assert len(said.pop("oci_seal")) == 32
    manifest = image(data)
    assert said == {
        "oci_kind": "image",
        "oci_image": row,
        "oci_repository": f"glance/{row}",
        "oci_digest": found.manifest,
        "oci_media_type": "application/vnd.oci.image.manifest.v1+json",
        "oci_size": str(len(manifest) + 2 + 1000),
    }
    assert (filled["status"], filled["size"]) == ("active", len(manifest))
    assert (filled["container_format"], filled["disk_format"]) == ("docker", "raw")
    assert (filled["image_type"], filled["base_image_ref"]) == ("snapshot", tag)
    assert (filled["name"], filled["visibility"]) == (f"{repository}:latest", "private")
    assert answers(callers.alice, found, READS) == dict.fromkeys(READS, "200")
    assert found.ask(callers.alice, READS["pull a blob"]).body == data
