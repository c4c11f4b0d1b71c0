"""A whole image, pushed as clients do: in chunks, in one go, an index over two manifests."""

from __future__ import annotations

import json
from contextlib import suppress
from http.client import HTTPException
from random import Random
from typing import Any

from registry_glance.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.api.client import Answer, Client
from tests.api.content import descriptor, digest, image

LAYER = 1 << 20


class Refused(Exception):
    """The registry answered something else than what a push wants to hear."""


class Image:
    """What is pushed; the same seed makes the same image."""

    def __init__(self, random: Random) -> None:
        self.layers = [random.randbytes(size) for size in (100, LAYER // 2, 5 * LAYER // 2)]
        config = random.randbytes(50)
        self.blobs = [*self.layers, config]
        self.manifests = [
            image(*layers, config=descriptor(config)) for layers in (self.layers[:2], self.layers)
        ]
        children = [descriptor(one, OCI_MANIFEST) for one in self.manifests]
        fields = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}
        self.index = json.dumps(fields).encode()

    def push(self, client: Client, repository: str, tag: str) -> None:
        """Raises Refused, or what http.client raises when the registry is not there."""
        for data in self.blobs:
            _push_blob(client, repository, data)
        for manifest in self.manifests:
            put_manifest(client, repository, digest(manifest), manifest)
        put_manifest(client, repository, tag, self.index)


def try_push(client: Client, image: Image, repository: str) -> bool:
    """Whether a push ended well, in whatever state its registry was."""
    with suppress(Refused, HTTPException, OSError):
        image.push(client, repository, "latest")
        return True
    return False


def put_manifest(client: Client, repository: str, reference: str, manifest: bytes) -> None:
    """Raises as Image.push does."""
    path = f"/v2/{repository}/manifests/{reference}"
    media_type = json.loads(manifest)["mediaType"]
    _expect(201, client("PUT", path, manifest, Content_Type=media_type))


def _push_blob(client: Client, repository: str, data: bytes) -> None:
    start = _expect(202, client("POST", f"/v2/{repository}/blobs/uploads/"))["Location"]
    if len(data) < LAYER // 2:
        _expect(201, client("PUT", f"{start}?digest={digest(data)}", data))
        return
    half = len(data) // 2
    patched = _expect(202, client("PATCH", start, iter((data[:half],))))["Location"]
    patched = _expect(202, client("PATCH", patched, data[half:]))["Location"]
    _expect(201, client("PUT", f"{patched}?digest={digest(data)}"))


def _expect(status: int, answer: Answer) -> Answer:
    if answer.status != status:
        raise Refused(f"{answer.status} {answer.body[:300]!r}")
    return answer


def walk(client: Client, repository: str) -> int:
    """Read everything that the repository shows; how many blobs that was.

    Raises AssertionError if anything refers to what is absent or wrong.
    """
    listed = client("GET", f"/v2/{repository}/tags/list")
    assert listed.status in (200, 404)
    tags = listed.json["tags"] if listed.status == 200 else []
    return sum(_walk_manifest(client, repository, tag) for tag in tags)


def _walk_manifest(client: Client, repository: str, reference: str) -> int:
    manifest = _read(client, f"/v2/{repository}/manifests/{reference}").json
    children = [one["digest"] for one in manifest.get("manifests", ())]
    blobs = [one["digest"] for one in _blobs(manifest)]
    for name in blobs:
        _read(client, f"/v2/{repository}/blobs/{name}")
    return len(blobs) + sum(_walk_manifest(client, repository, child) for child in children)


def _blobs(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [manifest["config"], *manifest["layers"]] if "config" in manifest else []


def _read(client: Client, path: str) -> Answer:
    answer = client("GET", path)
    assert answer.status == 200, (path, answer.body)
    name, asked = answer["Docker-Content-Digest"], path.rpartition("/")[2]
    assert name == digest(answer.body)
    assert asked == name or ":" not in asked
    return answer
