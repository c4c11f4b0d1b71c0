"""A nameless layer is an image: its file system on top of those below it."""

from __future__ import annotations

import json
import secrets
from typing import Any
from uuid import uuid4

import pytest

from tests.access.conftest import Callers, eventually
from tests.access.held import ids, rows
from tests.api.client import Answer, Client
from tests.api.content import Pusher, descriptor, digest, image

LAYERS = ("base", "middle", "top")


def configuration(count: int, **fields: Any) -> bytes:
    """A configuration of so many layers, of which an empty one comes after each."""
    history = [
        entry
        for number in range(count)
        for entry in ({"created_by": f"COPY {number}"}, {"created_by": "ENV", "empty_layer": True})
    ]
    value = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/bin/server"], "Env": ["A=1"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(bytes([one])) for one in range(count)]},
        "history": history,
        "container": "0123",
        **fields,
    }
    return json.dumps(value).encode()


def pushed(client: Client, repository: str, config: bytes, *layers: bytes) -> str:
    pusher = Pusher(client, repository)
    for data in (config, *layers):
        pusher.blob(data)
    media_type = "application/vnd.oci.image.config.v1+json"
    return pusher.manifest(image(*layers, config=descriptor(config, media_type)), "latest")


def row_of(callers: Callers, data: bytes) -> str:
    """The image in Glance that a blob is."""
    (row,) = ids(callers.alice.tenant, oci_kind="upload", oci_digest=digest(data))
    return row


def pull(client: Client, row: str, reference: str = "latest") -> Answer:
    return client("GET", f"/v2/glance/{row}/manifests/{reference}")


@pytest.fixture
def layers() -> list[bytes]:
    """Three layers that nobody has."""
    return [secrets.token_bytes(1000) for _ in LAYERS]


def test_a_layer_is_an_image_of_a_previous_state(
    callers: Callers, repository: str, layers: list[bytes]
) -> None:
    config = configuration(3)
    pushed(callers.alice, repository, config, *layers)
    row = row_of(callers, layers[1])
    answer = pull(callers.alice, row)
    assert answer.status == 200, answer.body
    assert [one["digest"] for one in answer.json["layers"]] == [digest(one) for one in layers[:2]]
    by_digest = pull(callers.rita, row, answer["Docker-Content-Digest"])
    assert by_digest.body == answer.body
    assert digest(answer.body) == answer["Docker-Content-Digest"]
    cut = callers.alice("GET", f"/v2/glance/{row}/blobs/{answer.json['config']['digest']}")
    whole = json.loads(config)
    assert cut.json["rootfs"]["diff_ids"] == whole["rootfs"]["diff_ids"][:2]
    assert cut.json["history"] == whole["history"][:3]
    assert cut.json["config"] == whole["config"]
    assert "container" not in cut.json
    for data in layers[:2]:
        assert callers.alice("GET", f"/v2/glance/{row}/blobs/{digest(data)}").body == data
    # It was found once: another registry would say the very same.
    assert len(rows(callers.alice.tenant, oci_kind="finding", oci_image=row)) == 1


def test_the_last_layer_of_an_image_is_this_very_image(
    callers: Callers, repository: str, layers: list[bytes]
) -> None:
    """And of several images the one with the fewest layers: what the others were made of."""
    whole = pushed(callers.alice, repository, configuration(3), *layers)
    base = pushed(callers.alice, f"{repository}-base", configuration(1), layers[0])
    for data, manifest in ((layers[2], whole), (layers[0], base)):
        answer = pull(callers.alice, row_of(callers, data))
        assert (answer.status, answer["Docker-Content-Digest"]) == (200, manifest)


def test_a_layer_is_an_image_once_it_belongs_to_one(
    callers: Callers, repository: str, layers: list[bytes]
) -> None:
    """And not for longer than that one is there."""
    Pusher(callers.alice, repository).blob(layers[1])
    row = row_of(callers, layers[1])
    answer = pull(callers.alice, row)
    assert "no image has this layer" in answer.json["errors"][0]["message"]
    manifest = pushed(callers.alice, repository, configuration(2), *layers[:2])
    assert pull(callers.alice, row)["Docker-Content-Digest"] == manifest
    assert callers.alice("DELETE", f"/v2/{repository}/manifests/{manifest}").status == 202
    eventually(lambda: pull(callers.alice, row).status, 404)


def test_a_layer_lost_with_its_image_is_unknown(
    callers: Callers, repository: str, layers: list[bytes]
) -> None:
    manifest = pushed(callers.alice, repository, configuration(3), *layers)
    row = row_of(callers, layers[1])
    assert pull(callers.alice, row).status == 200
    assert callers.alice("DELETE", f"/v2/{repository}/manifests/{manifest}").status == 202
    assert callers.alice("DELETE", f"/v2/{repository}/blobs/{digest(layers[0])}").status == 202
    eventually(lambda: pull(callers.alice, row).status, 404)


def test_what_is_no_layer_is_refused_with_the_reason(
    callers: Callers, repository: str, layers: list[bytes]
) -> None:
    config = configuration(1, comment=str(uuid4()))
    pushed(callers.alice, repository, config, layers[0])
    answer = pull(callers.alice, row_of(callers, config))
    assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
    assert "configuration" in answer.json["errors"][0]["message"]
    unreadable = secrets.token_bytes(100)
    pushed(callers.alice, f"{repository}-odd", unreadable, *layers[1:])
    answer = pull(callers.alice, row_of(callers, layers[1]))
    assert "configuration" in answer.json["errors"][0]["message"]
    for kind in ("finding", "blob"):
        found = rows(callers.alice.tenant, oci_kind=kind)
        assert pull(callers.alice, str(found[0]["id"])).status == 404


def test_a_layer_is_its_projects_only(
    callers: Callers, repository: str, layers: list[bytes]
) -> None:
    pushed(callers.alice, repository, configuration(3), *layers)
    row = row_of(callers, layers[1])
    for caller in (callers.bob, callers.carol):
        assert pull(caller, row).status == 404
    assert pull(callers.rita, row).status == 200
