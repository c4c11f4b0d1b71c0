"""What a survey means: images, or a root file system."""

from __future__ import annotations

import re

from registry_glance.archive import making
from registry_glance.archive.compression import Compression
from registry_glance.archive.contents import Contents, Document, Found, Part, RootFileSystem
from registry_glance.archive.docker_save import is_docker_save, saved_images
from registry_glance.archive.layout import is_layout, layout_images
from registry_glance.archive.members import LIMIT
from registry_glance.archive.survey import Stretch, Survey
from registry_glance.errors import ArchiveInvalid, ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.manifest import Manifest

#: What docker wrote before 1.10: a folder with a file `json` for each layer.
ANCIENT = re.compile(r"[0-9a-f]{64}/json")
#: Parts of images, by the names that docker, podman, crane and layouts have for them.
PARTS = re.compile(
    r"(?:sha256:)?[0-9a-f]{64}(?:\.json|/layer\.tar|\.tar(?:\.gz)?)?|blobs/\w+/[0-9a-f]{64,}"
)
#: Files of which no file system has all and nothing beside them: a layout's, `docker save`'s.
MARKS = (frozenset({"oci-layout", "index.json"}), frozenset({"manifest.json", "repositories"}))


def contents(survey: Survey) -> Contents:
    """The images in what was surveyed, or the file system that it is.

    Raises ArchiveInvalid, saying to a user what is wrong with it.
    """
    if survey.tar is None:
        return _manifest(survey.document)
    is_saved = is_docker_save(survey)
    if is_saved or is_layout(survey):
        if survey.is_crowded:
            raise ArchiveInvalid(f"an archive of images with too many files ({LIMIT} are allowed)")
        return _images(survey, is_saved=is_saved)
    if "repositories" in survey.documents and any(map(ANCIENT.fullmatch, survey.members)):
        raise ArchiveInvalid("an archive by docker before 1.10: load it with docker and save again")
    if _is_in_a_folder(survey):
        raise ArchiveInvalid("an archive of images with a folder above it: use tar -C FOLDER -c .")
    if any(map(PARTS.fullmatch, survey.members)):
        raise ArchiveInvalid("parts of images, whose list (manifest.json, index.json) is no such")
    if not survey.count:
        raise ArchiveInvalid("an archive with nothing in it")
    return _root(survey, survey.tar)


def _is_in_a_folder(survey: Survey) -> bool:
    """Whether all files are in one folder, among them what makes an archive one of images."""
    folders = {name.partition("/")[0] for name in survey.members}
    inside = {name.partition("/")[2] for name in survey.members}
    return len(folders) == 1 and any(marks <= inside for marks in MARKS)


def _manifest(body: bytes) -> Contents:
    """A manifest alone, whose blobs are elsewhere."""
    try:
        manifest = Manifest.parse(body, None)
    except ManifestInvalid as error:
        what = "a configuration" if b'"rootfs"' in body else "JSON, but no manifest"
        raise ArchiveInvalid(f"no image can be made of {what}: {error.message}") from error
    if manifest.media_type in media_types.INDEXES:
        raise ArchiveInvalid("an index by itself: what it refers to is no image in Glance")
    documents = {manifest.digest: Document(manifest.media_type, body)}
    return Contents(images=(Found(manifest.digest),), documents=documents)


def _images(survey: Survey, *, is_saved: bool) -> Contents:
    """Docker since 25 writes both kinds into one; a layout has the manifests as they were."""
    if not is_layout(survey):
        return saved_images(survey)
    if not is_saved:
        return layout_images(survey)
    try:
        return layout_images(survey, is_whole=True)
    except ArchiveInvalid:
        return saved_images(survey)


def _root(survey: Survey, tar: Stretch) -> Contents:
    """Plain and gzip's tarballs are layers as they are: all clients take these two."""
    is_layer = survey.is_clear and survey.compression in (None, Compression.GZIP)
    stretch = survey.whole if is_layer else tar
    is_plain = is_layer and survey.compression is None
    media_type = making.DOCKER_TAR if is_plain else making.DOCKER_GZIP
    root = RootFileSystem(Part(stretch.digest, stretch.size, 0), media_type, tar.digest)
    return Contents(root=root, packed=not is_layer)
