"""OCI image layouts (OCI Image 1.1, image-layout.md): oci-layout, index.json, blobs/ALGORITHM/."""

from __future__ import annotations

from registry_glance.archive.contents import Contents, Document, Found, Part
from registry_glance.archive.files import IMAGES_LIMIT, document, file, parsed, part
from registry_glance.archive.members import Member
from registry_glance.archive.room import Room
from registry_glance.archive.survey import Survey
from registry_glance.errors import ArchiveInvalid, ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest
from registry_glance.oci.manifest import Descriptor, Manifest

MARK, INDEX = "oci-layout", "index.json"
#: containerd's and docker's whole name, and the specification's, often a tag alone.
WHOLE_NAME, NAME = "io.containerd.image.name", "org.opencontainers.image.ref.name"
NAMES = (WHOLE_NAME, NAME)
#: An index in an index in an index is legal; nobody makes one.
DEPTH = 4


class Absent(ArchiveInvalid):
    """A blob that is not in the archive."""


class Unreadable(ArchiveInvalid):
    """What should be a manifest, or refer to one, and is in no notation that we know."""


def is_layout(survey: Survey) -> bool:
    """Whether the archive says so; a file system may have a file of that name, too."""
    return MARK in survey.documents and (INDEX in survey.members or INDEX in survey.links)


def layout_images(survey: Survey, *, is_whole: bool = False) -> Contents:
    """All images of the index, with their own manifests. Raises ArchiveInvalid.

    What an index refers to may be missing, as long as one of its images is there. So may what is at
    the top, or be in no notation that we know, unless the layout has to be whole.
    """
    layout = Layout(survey)
    images: dict[Digest, tuple[str, ...]] = {}
    reasons: list[ArchiveInvalid] = []
    for value in _index(survey):
        try:
            descriptor = _descriptor(value)
            if descriptor.media_type not in media_types.MANIFESTS:
                continue
            layout.add(descriptor, DEPTH)
        except (Absent, Unreadable) as reason:
            if is_whole:
                raise
            reasons.append(reason)
            continue
        images[descriptor.digest] = images.get(descriptor.digest, ()) + names(descriptor)
    if not images:
        raise reasons[0] if reasons else ArchiveInvalid(f"{INDEX} lists no image")
    found = tuple(Found(digest, tuple(dict.fromkeys(called))) for digest, called in images.items())
    packed = survey.compression is not None
    return Contents(found, layout.documents, layout.parts, packed=packed)


class Layout:
    """What is needed of a layout's blobs."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._room = Room()
        self._seen: dict[Digest, bool] = {}
        self.documents: dict[Digest, Document] = {}
        self.parts: dict[Digest, Part] = {}

    def add(self, descriptor: Descriptor, depth: int) -> None:
        """Take in an image, or the images of an index, each once. Raises ArchiveInvalid, Absent."""
        if descriptor.digest not in self._seen:
            self._seen[descriptor.digest] = False
            self._add(self._manifest(descriptor), depth)
            self._seen[descriptor.digest] = True
        elif not self._seen[descriptor.digest]:
            raise Absent(f"the archive lacks what {descriptor.digest} refers to")

    def _add(self, manifest: Manifest, depth: int) -> None:
        self._add_children(manifest, depth)
        blobs = {blob: self._blob(blob) for blob in manifest.blobs()}
        for blob, member in blobs.items():
            body = self._survey.documents.get(blob_path(blob.digest))
            is_manifest = blob.media_type in media_types.MANIFESTS
            if blob == manifest.config and body is not None and not is_manifest:
                self._add_config(blob, body)
            else:
                self.parts[blob.digest] = part(member)
        self.documents[manifest.digest] = Document(manifest.media_type, manifest.body)

    def _add_config(self, config: Descriptor, body: bytes) -> None:
        if config.digest not in self.documents:
            self._room.take_document(len(body))
            self.documents[config.digest] = Document(config.media_type, body)

    def _manifest(self, descriptor: Descriptor) -> Manifest:
        name = blob_path(descriptor.digest)
        self._room.take_document(self._blob(descriptor).size)
        try:
            _, body = document(self._survey, name)
            manifest = Manifest.parse(body, descriptor.media_type, descriptor.digest.algorithm)
        except (ArchiveInvalid, ManifestInvalid) as error:
            raise Unreadable(f"{name} is no manifest: {error.message}") from error
        self._room.take_references(len(manifest.layers) + len(manifest.manifests))
        return manifest

    def _add_children(self, index: Manifest, depth: int) -> None:
        children = [child for child in index.manifests if child.media_type in media_types.MANIFESTS]
        if children and not depth:
            raise ArchiveInvalid(f"an index in an index, {DEPTH} times")
        missing = 0
        for child in children:
            try:
                self.add(child, depth - 1)
            except Absent:
                missing += 1
        if missing and missing == len(children):
            raise Absent(f"the archive has none of the images of {index.digest}")

    def _blob(self, descriptor: Descriptor) -> Member:
        """The blob, whole and right."""
        name = blob_path(descriptor.digest)
        if name not in self._survey.members and name not in self._survey.links:
            raise Absent(f"the archive lacks {name}")
        _, member = file(self._survey, name)
        if member.digest != descriptor.digest:
            raise ArchiveInvalid(f"{name} has another digest: the archive is damaged")
        if member.size != descriptor.size:
            raise ArchiveInvalid(f"{name} has {member.size} bytes instead of {descriptor.size}")
        return member


def _index(survey: Survey) -> list[object]:
    """What is meant to be seen. Raises ArchiveInvalid."""
    _, body = document(survey, INDEX)
    match parsed(body, INDEX):
        case {"manifests": list(values)} if len(values) <= IMAGES_LIMIT:
            return values
    raise ArchiveInvalid(f"{INDEX} is no index of at most {IMAGES_LIMIT} images")


def _descriptor(value: object) -> Descriptor:
    try:
        return Descriptor.parse(value)
    except ManifestInvalid as error:
        raise Unreadable(f"{INDEX} is damaged: {error.message}") from error


def names(descriptor: Descriptor) -> tuple[str, ...]:
    """What an image is called by its entry in the index."""
    said = descriptor.annotations
    return tuple(dict.fromkeys(said[key] for key in NAMES if key in said))


def blob_path(digest: Digest) -> str:
    """Where a layout keeps a blob."""
    return f"blobs/{digest.algorithm}/{digest.hex}"
