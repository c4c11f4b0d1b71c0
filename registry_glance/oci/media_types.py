"""The media types a registry must tell apart (OCI Image 1.1, Docker image manifest v2)."""

from __future__ import annotations

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

IMAGES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = IMAGES | INDEXES
SCHEMA1 = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})

OCTET_STREAM = "application/octet-stream"

#: What clients send when they don't say what a manifest is: curl, and tools that know only JSON.
GENERIC = frozenset(
    {"", OCTET_STREAM, "application/json", "application/x-www-form-urlencoded", "text/plain"}
)

#: Layers that need not be in a registry (OCI Image 1.1, "Non-distributable Layers").
NON_DISTRIBUTABLE = (
    "application/vnd.oci.image.layer.nondistributable.",
    "application/vnd.docker.image.rootfs.foreign.",
)


def is_distributable(media_type: str) -> bool:
    """False for layers which a client fetches from elsewhere and does not push."""
    return not media_type.startswith(NON_DISTRIBUTABLE)
