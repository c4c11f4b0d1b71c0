"""What a client got from a registry, whichever way it keeps images."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.clients.images import Image, digest
from tests.clients.layouts import blob_path
from tests.clients.tarballs import unpacked


@dataclass(frozen=True)
class Pulled:
    """An image on the client's side."""

    manifest: str
    config: str
    files: dict[str, bytes]

    def holds(self, image: Image) -> bool:
        """Whether it is `image`: the same configuration, and its files with their content."""
        seen = {path: self.files.get(path) for path in image.files}
        return self.config == digest(image.config) and seen == image.files


def from_layout(folder: Path) -> Pulled:
    """Read an OCI image layout that holds one image."""
    index = json.loads((folder / "index.json").read_bytes())
    return _from_blobs(
        index["manifests"][0]["digest"], lambda of: blob_path(folder, of).read_bytes()
    )


def from_folder(folder: Path) -> Pulled:
    """Read the folder that skopeo writes for `dir:`."""
    manifest = (folder / "manifest.json").read_bytes()
    digests = {digest(manifest): manifest}
    return _from_blobs(
        digest(manifest), lambda of: digests.get(of) or (folder / of[len("sha256:") :]).read_bytes()
    )


def _from_blobs(manifest: str, blob: Callable[[str], bytes]) -> Pulled:
    content = json.loads(blob(manifest))
    files: dict[str, bytes] = {}
    for layer in content["layers"]:
        files |= unpacked(blob(layer["digest"]))
    return Pulled(manifest, content["config"]["digest"], files)
