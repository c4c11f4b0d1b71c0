"""Archives made for the tests, right and wrong ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import zstandard

from registry_glance.archive.contents import Contents
from registry_glance.archive.reading import contents
from registry_glance.archive.survey import survey
from tests.clients.images import Image, canonical, digest, platform_descriptor

#: No program in it: these tests need no busybox.
IMAGE = Image(({"bin/sh": b"a shell"}, {"etc/greeting": b"hello"}))
OTHER = Image(({"bin/sh": b"another shell"},), "arm64")

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.compress,
}


def read(data: bytes, size: int = 1000) -> Contents:
    """What is found in `data`, given in chunks of `size` bytes."""
    return contents(survey(chunks(data, size)))


def chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def saved(*images: Image, names: Sequence[str] = (), **changes: bytes) -> dict[str, bytes]:
    """The files of `docker save`: `changes` replace the list (`list`), or anything else."""
    files: dict[str, bytes] = {}
    entries = []
    for image in images:
        config = f"{digest(image.config)[7:]}.json"
        layers = {f"{digest(tar)[7:]}/layer.tar": tar for tar in image.tars}
        entries.append({"Config": config, "RepoTags": list(names), "Layers": list(layers)})
        files |= {config: image.config, **layers}
    return {**files, "manifest.json": canonical(entries), **changes}


def listed(config: str, *layers: str) -> bytes:
    """The manifest.json of one image."""
    return canonical([{"Config": config, "RepoTags": None, "Layers": list(layers)}])


def layout(top: Sequence[Mapping[str, Any]], *blobs: bytes) -> dict[str, bytes]:
    """The files of an OCI layout."""
    return {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": canonical({"schemaVersion": 2, "manifests": top}),
        **{f"blobs/{digest(blob).replace(':', '/')}": blob for blob in blobs},
    }


def blobs_of(image: Image) -> tuple[bytes, ...]:
    return (image.manifest, image.config, *image.gzips)


def named(image: Image, **names: str) -> dict[str, Any]:
    """An image in index.json; `containerd` and `reference` are its names."""
    keys = {
        "containerd": "io.containerd.image.name",
        "reference": "org.opencontainers.image.ref.name",
    }
    return {
        **platform_descriptor(image),
        "annotations": {keys[kind]: name for kind, name in names.items()},
    }


def member(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A member of any kind for `tar`."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=kind, linkname=target)


def tar(*members: tuple[tarfile.TarInfo, bytes], kind: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar of `members`, whatever they are."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=kind) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return into.getvalue()


def headed(block: tarfile.TarInfo, data: bytes = b"") -> bytes:
    """One header with its data, and nothing else: for what `tarfile` would not write."""
    head = block.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    return head + data + bytes(-len(data) % tarfile.BLOCKSIZE)
