"""What was found in an archive: the images in it, and where their blobs lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry_glance.oci.digest import Digest


@dataclass(frozen=True, slots=True)
class Part:
    """A blob that lies in an archive: `size` bytes from `start`.

    Of a compressed archive `start` counts the bytes that come out of it.
    """

    digest: Digest
    size: int
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or a configuration: small, and maybe made by us."""

    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """An image of an archive, and the names that the archive has for it, as they stand there."""

    manifest: Digest
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RootFileSystem:
    """A file system without a word on how to run it.

    `layer` is the blob it makes: the archive itself, if that is what clients take as a layer (an
    uncompressed tarball, or gzip's); else all that comes out of it, from 0, still to be packed.
    `diff_id` is the digest of what comes out (OCI Image 1.1, config.md, "rootfs").
    """

    layer: Part
    media_type: str
    diff_id: Digest


@dataclass(frozen=True, slots=True)
class Contents:
    """An archive's images, the first of which is meant where none is named; or a file system.

    `documents` are the manifests and configurations by their digests, `parts` all other blobs.
    `packed`: the parts have to be taken out of the archive, which is compressed; else they are
    ranges of it.
    """

    images: tuple[Found, ...] = ()
    documents: Mapping[Digest, Document] = field(default_factory=dict)
    parts: Mapping[Digest, Part] = field(default_factory=dict)
    root: RootFileSystem | None = None
    packed: bool = False
