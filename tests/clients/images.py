"""Images for the tests, made from nothing: no client and no network takes part."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

from tests.clients.tarballs import packed

OCI = "application/vnd.oci.image"


def digest(data: bytes) -> str:
    """`sha256:...` of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def canonical(value: object) -> bytes:
    """JSON that is the same each time."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Image:
    """One platform's image: its layers, each a dictionary path -> content."""

    layers: tuple[Mapping[str, bytes], ...]
    architecture: str = "amd64"

    @cached_property
    def tars(self) -> tuple[bytes, ...]:
        """The layers, uncompressed."""
        return tuple(packed(layer) for layer in self.layers)

    @cached_property
    def gzips(self) -> tuple[bytes, ...]:
        """The layers as they travel."""
        return tuple(gzip.compress(tar, compresslevel=1, mtime=0) for tar in self.tars)

    @property
    def files(self) -> dict[str, bytes]:
        """path -> content, as a container sees it."""
        seen: dict[str, bytes] = {}
        for layer in self.layers:
            seen |= layer
        return seen

    @property
    def config(self) -> bytes:
        """The image's configuration; its digest is what docker calls the image's ID."""
        return canonical(
            {
                "architecture": self.architecture,
                "config": {"Cmd": ["/bin/busybox", "cat", "/etc/greeting"], "Env": ["PATH=/bin"]},
                "created": "2013-11-05T00:00:00Z",
                "history": [{"created_by": f"layer {n}"} for n, _ in enumerate(self.layers)],
                "os": "linux",
                "rootfs": {"diff_ids": [digest(tar) for tar in self.tars], "type": "layers"},
            }
        )

    @property
    def manifest(self) -> bytes:
        """The OCI image manifest."""
        return canonical(
            {
                "schemaVersion": 2,
                "mediaType": f"{OCI}.manifest.v1+json",
                "config": descriptor(f"{OCI}.config.v1+json", self.config),
                "layers": [descriptor(f"{OCI}.layer.v1.tar+gzip", gz) for gz in self.gzips],
            }
        )

    def write_archive(self, path: Path, name: str) -> Path:
        """What `docker load` reads."""
        config = f"{digest(self.config).removeprefix('sha256:')}.json"
        layers = {f"{number}/layer.tar": tar for number, tar in enumerate(self.tars)}
        index = [{"Config": config, "RepoTags": [name], "Layers": list(layers)}]
        path.write_bytes(packed({"manifest.json": canonical(index), config: self.config, **layers}))
        return path


def greeting(seed: str, layers: int = 3, architecture: str = "amd64", size: int = 200_000) -> Image:
    """An image that says hello from `seed`; all its layers but the first are unlike any other's.

    The upper layers hold `size` random bytes each, and one replaces a file of the layer below it.
    """
    noise = Random(f"{seed} {architecture}")
    busybox = shutil.which("busybox")
    program = Path(busybox).read_bytes() if busybox else b"no busybox here"
    upper = [{f"noise/{n}": noise.randbytes(size)} for n in range(1, layers)]
    upper[0]["etc/greeting"] = b"to be replaced"
    upper[-1]["etc/greeting"] = f"hello from {seed}\n".encode()
    return Image(({"bin/busybox": program}, *upper), architecture)


def index_of(images: Iterable[Image]) -> bytes:
    """The index of images for several platforms."""
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.index.v1+json",
            "manifests": [platform_descriptor(image) for image in images],
        }
    )


def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    """What stands for `data` in a manifest."""
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


def platform_descriptor(image: Image) -> dict[str, Any]:
    """What stands for an image in an index."""
    platform = {"architecture": image.architecture, "os": "linux"}
    return {**descriptor(f"{OCI}.manifest.v1+json", image.manifest), "platform": platform}
