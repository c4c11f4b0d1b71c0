"""OCI image layouts: images as a folder, for the clients that copy from one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.clients.images import (
    OCI,
    Image,
    canonical,
    descriptor,
    digest,
    index_of,
    platform_descriptor,
)


def write_layout(folder: Path, images: Iterable[Image], tag: str) -> Path:
    """An OCI image layout: of one image, or of an index when there are several."""
    images = list(images)
    top = [platform_descriptor(image) for image in images]
    blobs = [blob for image in images for blob in (image.manifest, image.config, *image.gzips)]
    if len(images) > 1:
        index = index_of(images)
        blobs.append(index)
        top = [descriptor(f"{OCI}.index.v1+json", index)]
    top[0]["annotations"] = {"org.opencontainers.image.ref.name": tag}
    (folder / "blobs/sha256").mkdir(parents=True)
    for blob in blobs:
        blob_path(folder, digest(blob)).write_bytes(blob)
    (folder / "index.json").write_bytes(canonical({"schemaVersion": 2, "manifests": top}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return folder


def blob_path(folder: Path, of: str) -> Path:
    """Where a layout keeps a blob."""
    return folder / "blobs" / of.replace(":", "/")
