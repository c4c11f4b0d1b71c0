"""What tests push: blobs, images, indexes."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from registry_glance.oci.media_types import OCI_INDEX, OCI_MANIFEST
from tests.api.client import Answer, Client

CONFIG = b"{}"


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def descriptor(data: bytes, media_type: str = "application/octet-stream") -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def image(*layers: bytes, **fields: Any) -> bytes:
    """An image's manifest, with these fields beside or instead."""
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(CONFIG, "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(layer) for layer in layers],
        **fields,
    }
    return json.dumps(value).encode()


def index(*manifests: bytes, **fields: Any) -> bytes:
    """An index of images."""
    entries = [descriptor(one, OCI_MANIFEST) for one in manifests]
    value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, **fields}
    return json.dumps(value).encode()


class Pusher:
    """Puts things into one repository, and is sure that they arrive."""

    def __init__(self, client: Client, repository: str) -> None:
        self.client = client
        self.repository = repository

    def path(self, rest: str) -> str:
        return f"/v2/{self.repository}/{rest}"

    def upload(self) -> str:
        """The location of a new upload."""
        answer = self.client("POST", self.path("blobs/uploads/"))
        assert answer.status == 202
        return answer["Location"]

    def blob(self, data: bytes, algorithm: str = "sha256") -> str:
        """Push a blob; its digest."""
        name = digest(data, algorithm)
        answer = self.client("PUT", f"{self.upload()}?digest={name}", data)
        assert (answer.status, answer["Docker-Content-Digest"]) == (201, name)
        return name

    def put(self, reference: str, manifest: bytes, content_type: str | None = None) -> Answer:
        """Try to push a manifest, with the type that it says it has."""
        named = content_type or json.loads(manifest).get("mediaType")
        headers = {"Content_Type": named} if named else {}
        return self.client("PUT", self.path(f"manifests/{reference}"), manifest, **headers)

    def manifest(self, manifest: bytes, reference: str | None = None) -> str:
        """Push a manifest, under its digest unless a reference is given; its digest."""
        answer = self.put(reference or digest(manifest), manifest)
        assert answer.status == 201, answer.body
        return answer["Docker-Content-Digest"]

    def image(self, tag: str | None = None, *layers: bytes, **fields: Any) -> str:
        """Push an image and all it needs; its digest."""
        for data in (CONFIG, *layers):
            self.blob(data)
        return self.manifest(image(*layers, **fields), tag)
