"""Manifests for images that have none: Docker schema 2, or OCI where a layer asks for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from registry_glance.archive.contents import Document
from registry_glance.oci import media_types
from registry_glance.oci.manifest import Descriptor

DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_TAR = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_TAR = "application/vnd.oci.image.layer.v1.tar"
OCI_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

#: The same in the words of the OCI.
OCI = {DOCKER_CONFIG: OCI_CONFIG, DOCKER_TAR: OCI_TAR, DOCKER_GZIP: OCI_GZIP}
#: What only the OCI has a word for.
OCI_ONLY = frozenset({OCI_ZSTD})


def manifest(config: Descriptor, layers: Sequence[Descriptor]) -> Document:
    """The manifest of an image, with Docker's media types if they will do; same input, same bytes.

    Docker's, as its Engine 20.10 and with it the snapshots of servers have them.
    """
    is_oci = any(layer.media_type in OCI_ONLY for layer in layers)
    media_type = media_types.OCI_MANIFEST if is_oci else media_types.DOCKER_MANIFEST
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _descriptor(config, is_oci),
        "layers": [_descriptor(layer, is_oci) for layer in layers],
    }
    return Document(media_type, json.dumps(value, separators=(",", ":")).encode())


def _descriptor(descriptor: Descriptor, is_oci: bool) -> dict[str, Any]:
    value = descriptor.json()
    if is_oci:
        value["mediaType"] = OCI.get(descriptor.media_type, descriptor.media_type)
    return value
