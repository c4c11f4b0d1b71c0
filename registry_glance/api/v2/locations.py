"""Where things are: paths without a host, so that they are right behind any proxy."""

from __future__ import annotations

from registry_glance.oci.digest import Digest
from registry_glance.oci.names import Repository


def blob(repository: Repository, digest: Digest) -> str:
    return f"/v2/{repository}/blobs/{digest}"


def upload(repository: Repository, upload: str) -> str:
    return f"/v2/{repository}/blobs/uploads/{upload}"


def manifest(repository: Repository, digest: Digest) -> str:
    return f"/v2/{repository}/manifests/{digest}"
