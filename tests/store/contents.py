"""What the suite pushes into a store, and how it reads it back."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from typing import Any

from registry_glance.errors import SizeInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest
from registry_glance.oci.names import Repository
from registry_glance.oci.ranges import Range
from registry_glance.store.contract import FileSlice, Store

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = Digest.of(b"")


class Truncated:
    """A request's body whose client breaks off after `data`."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        """At most `size` bytes; SizeInvalid where a whole body would end."""
        data = self._data.read(size)
        if not data:
            raise SizeInvalid("the client broke off")
        return data


class Trickle:
    """A body that comes a few bytes at a time, whatever one asks for."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data, self._step = io.BytesIO(data), step

    def read(self, size: int) -> bytes:
        """At most `step` bytes, b"" at the end."""
        return self._data.read(min(size, self._step))


def unique(size: int = 100) -> bytes:
    """Bytes that no store has seen."""
    return os.urandom(size)


def push(store: Store, repository: Repository, data: bytes, algorithm: str = "sha256") -> Digest:
    """Push a blob in one go."""
    digest = Digest.of(data, algorithm)
    upload = store.create_upload(repository, algorithm)
    store.commit(repository, upload, digest, io.BytesIO(data))
    return digest


#: A project's blobs are in all its repositories.
ANYWHERE = Repository.parse("anywhere")


def pull(store: Store, digest: Digest, wanted: Range | None = None) -> bytes:
    """A blob's bytes, or those of `wanted`."""
    content = store.open_blob(ANYWHERE, digest)
    found = content.read(wanted or Range(0, content.size))
    if isinstance(found, FileSlice):
        with found.file as file:
            return file.read(found.length)
    return b"".join(found)


def image(
    *layers: bytes, algorithm: str = "sha256", config: bytes | None = None, **fields: Any
) -> Manifest:
    """An image of these blobs, unlike any other; `subject` may be a manifest."""
    body = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": _descriptor(CONFIG, unique() if config is None else config),
        "layers": [_descriptor(LAYER, layer) for layer in layers],
    }
    return _manifest(body, fields, algorithm)


def index(*children: Manifest, **fields: Any) -> Manifest:
    """An index of these manifests, unlike any other."""
    body = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": [child.descriptor().json() for child in children],
        "unique": unique().hex(),
    }
    return _manifest(body, fields, "sha256")


def _manifest(body: Mapping[str, Any], fields: Mapping[str, Any], algorithm: str) -> Manifest:
    more = {
        key: value.descriptor().json() if isinstance(value, Manifest) else value
        for key, value in fields.items()
    }
    return Manifest.parse(json.dumps({**body, **more}).encode(), None, algorithm)


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(Digest.of(data)), "size": len(data)}
