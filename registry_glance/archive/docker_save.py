"""What `docker save` writes, and podman, skopeo and crane after it: manifest.json.

    manifest.json   [{"Config": FILE, "RepoTags": [NAME, ...], "Layers": [FILE, ...]}, ...]

(github.com/moby/moby, image/tarexport.) It has no manifests as registries know them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry_glance.archive import making
from registry_glance.archive.compression import Compression
from registry_glance.archive.contents import Contents, Document, Found, Part
from registry_glance.archive.files import IMAGES_LIMIT, document, file, parsed, part
from registry_glance.archive.members import Member
from registry_glance.archive.room import Room
from registry_glance.archive.survey import Survey
from registry_glance.archive.tarball import shown
from registry_glance.errors import ArchiveInvalid
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor

LIST = "manifest.json"
#: Layers of an image: Linux's overlayfs stacks 500, docker 128.
LAYERS_LIMIT = 500
MEDIA_TYPES = {
    None: making.DOCKER_TAR,
    Compression.GZIP: making.DOCKER_GZIP,
    Compression.ZSTD: making.OCI_ZSTD,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of the list."""

    config: str
    names: tuple[str, ...]
    layers: tuple[str, ...]

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> Entry:
        """Raise ArchiveInvalid unless it has the three fields; Go writes `null` for none."""
        match fields:
            case {"Config": str(config), "Layers": list() | None}:
                entry = cls(config, _texts(fields, "RepoTags"), _texts(fields, "Layers"))
                if len(entry.layers) <= LAYERS_LIMIT:
                    return entry
                raise ArchiveInvalid(f"{LIST} lists an image of {len(entry.layers)} layers")
        raise ArchiveInvalid(f"{LIST} lists something without Config and Layers")


def is_docker_save(survey: Survey) -> bool:
    """Whether there is such a list; a file system may have a file of that name, too."""
    try:
        return any({"Config", "Layers"} <= entry.keys() for entry in _entries(survey))
    except ArchiveInvalid:
        return False


def saved_images(survey: Survey) -> Contents:
    """All images of the list, with manifests made for them. Raises ArchiveInvalid."""
    entries = [Entry.parse(value) for value in _entries(survey)]
    if len(entries) > IMAGES_LIMIT:
        raise ArchiveInvalid(f"{LIST} lists {len(entries)} images: {IMAGES_LIMIT} are allowed")
    saved = Saved(survey)
    for entry in entries:
        saved.add(entry)
    found = tuple(Found(digest, names) for digest, names in saved.images.items())
    return Contents(found, saved.documents, saved.parts, packed=survey.compression is not None)


def _entries(survey: Survey) -> list[dict[str, Any]]:
    """The list, if it is one of objects, else nothing. Raises ArchiveInvalid for no JSON."""
    value = parsed(survey.documents.get(LIST, b"[]"), LIST)
    is_list = isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
    return value if is_list else []


class Saved:
    """What is needed for the images of the list."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._room = Room()
        self._diff_ids: dict[Digest, list[str]] = {}
        self.images: dict[Digest, tuple[str, ...]] = {}
        self.documents: dict[Digest, Document] = {}
        self.parts: dict[Digest, Part] = {}

    def add(self, entry: Entry) -> None:
        """Take in an image. Raises ArchiveInvalid."""
        self._room.take_references(len(entry.layers))
        member, config = document(self._survey, entry.config)
        if member.digest not in self._diff_ids:
            self._room.take_document(member.size)
            self._diff_ids[member.digest] = _diff_ids(config, entry.config)
        blobs = [file(self._survey, name)[1] for name in entry.layers]
        _check_layers(self._diff_ids[member.digest], blobs, entry)
        described = Descriptor(making.DOCKER_CONFIG, member.digest, member.size)
        made = making.manifest(described, [_descriptor(blob) for blob in blobs])
        digest = Digest.of(made.body)
        if digest not in self.documents:
            self._room.take_document(len(made.body))
        self.images[digest] = self.images.get(digest, ()) + entry.names
        self.documents[digest] = made
        self.documents[member.digest] = Document(making.DOCKER_CONFIG, config)
        self.parts |= {blob.digest: part(blob) for blob in blobs}


def _check_layers(diff_ids: Sequence[str], blobs: Sequence[Member], entry: Entry) -> None:
    """A layer that is not compressed has to be the one that the configuration means."""
    if len(diff_ids) != len(blobs):
        raise ArchiveInvalid(
            f"{shown(entry.config)} speaks of {len(diff_ids)} layers, {LIST} of {len(blobs)}"
        )
    for diff_id, blob, name in zip(diff_ids, blobs, entry.layers, strict=True):
        if blob.compression is None and diff_id != str(blob.digest):
            raise ArchiveInvalid(f"{shown(name)} is not the layer {shown(diff_id)}")
        if blob.compression not in MEDIA_TYPES:
            raise ArchiveInvalid(
                f"{shown(name)} is compressed with {blob.compression}, which no registry serves"
            )


def _descriptor(blob: Member) -> Descriptor:
    return Descriptor(MEDIA_TYPES[blob.compression], blob.digest, blob.size)


def _diff_ids(config: bytes, name: str) -> list[str]:
    """OCI Image 1.1, config.md, "rootfs"."""
    match parsed(config, name):
        case {"rootfs": {"diff_ids": list(diff_ids)}} if all(
            isinstance(diff_id, str) for diff_id in diff_ids
        ):
            return diff_ids
        case {"rootfs": {"diff_ids": None}} | {"rootfs": {"type": "layers"}}:
            return []
    raise ArchiveInvalid(f"{shown(name)} is no configuration of an image")


def _texts(value: dict[str, Any], key: str) -> tuple[str, ...]:
    items = value.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise ArchiveInvalid(f"{key} in {LIST} is no list of names")
    return tuple(items)
