"""The contents of an archive as JSON, and back: so it need be read through only once."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from registry_glance.archive.contents import Contents, Document, Found, Part, RootFileSystem
from registry_glance.oci.digest import Digest

JSON = dict[str, Any]


def dump(contents: Contents) -> bytes:
    """Always the same bytes for the same contents."""
    value = {
        "images": [[str(one.manifest), *one.names] for one in contents.images],
        "documents": {
            str(digest): [one.media_type, b64encode(one.body).decode()]
            for digest, one in contents.documents.items()
        },
        "parts": {str(digest): [one.size, one.start] for digest, one in contents.parts.items()},
        "root": _root(contents.root) if contents.root else None,
        "packed": contents.packed,
    }
    return json.dumps(value, sort_keys=True).encode()


def load(text: bytes) -> Contents:
    """What `dump` was given. Raises ValueError, KeyError or TypeError for anything else."""
    value: JSON = json.loads(text)
    return Contents(
        images=tuple(Found(Digest.parse(one), tuple(names)) for one, *names in value["images"]),
        documents={
            Digest.parse(digest): Document(media_type, b64decode(body))
            for digest, (media_type, body) in value["documents"].items()
        },
        parts={
            Digest.parse(digest): Part(Digest.parse(digest), size, start)
            for digest, (size, start) in value["parts"].items()
        },
        root=_read_root(value["root"]) if value["root"] else None,
        packed=value["packed"],
    )


def _root(root: RootFileSystem) -> JSON:
    layer = root.layer
    return {
        "layer": [str(layer.digest), layer.size, layer.start],
        "media_type": root.media_type,
        "diff_id": str(root.diff_id),
    }


def _read_root(value: JSON) -> RootFileSystem:
    digest, size, start = value["layer"]
    layer = Part(Digest.parse(digest), size, start)
    return RootFileSystem(layer, value["media_type"], Digest.parse(value["diff_id"]))
