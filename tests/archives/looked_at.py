"""Archives as they lie on a disk, and what is found in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from registry_glance.archive.contents import Contents
from registry_glance.archive.reading import contents
from registry_glance.archive.survey import survey
from registry_glance.archive.unpacking import unpacked
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Manifest


def chunks(archive: Path) -> Iterator[bytes]:
    with archive.open("rb") as file:
        while chunk := file.read(1 << 18):
            yield chunk


def look(archive: Path) -> Contents:
    """What is found in it; all parts have their digests where they are said to lie."""
    found = contents(survey(chunks(archive)))
    for part, pieces in unpacked(chunks(archive), found.parts.values()):
        assert Digest.of(b"".join(pieces)) == part.digest
    return found


def image(found: Contents, place: int = 0) -> Manifest:
    """The manifest of one of the images, all that it refers to being there."""
    document = found.documents[found.images[place].manifest]
    manifest = Manifest.parse(document.body, document.media_type)
    assert manifest.digest == found.images[place].manifest
    for blob in manifest.references():
        assert blob.digest in found.documents or blob.digest in found.parts
    return manifest


def configuration(manifest: Manifest) -> str:
    """The digest of an image's configuration: what docker calls the image's ID."""
    assert manifest.config is not None
    return str(manifest.config.digest)


def layers(manifest: Manifest) -> list[str]:
    return [str(layer.digest) for layer in manifest.layers]
