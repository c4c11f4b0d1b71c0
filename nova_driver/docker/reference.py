"""What to pull for an image of Glance, and what it is called on this host: pure, and only here.

A tag that was pushed to the registry says it by its own properties, and so does an image that was
filled by a push to its ID: a snapshot. Whatever else lies in Glance is pulled by its ID, and the
registry is to say what that is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nova import exception

from .names import LATEST

#: OCI Distribution 1.1, "Pulling manifests"; OCI Image 1.1, "Digests"
REPOSITORY = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
#: The values of oci_kind that tell what to pull: a tag, and what was pushed to an image's ID.
SNAPSHOT = "image"
KINDS = ("tag", SNAPSHOT)
#: The registry's repositories that are images of Glance, by their IDs
BY_ID = "glance/"
#: The Engine's, for a repository with the registry's address (distribution, reference)
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Reference:
    """A manifest in the registry, and the name that the image has on this host, if any."""

    registry: str
    repository: str
    digest: str
    name: str | None

    @property
    def source(self) -> str:
        """The repository with the registry's address."""
        return f"{self.registry}/{self.repository}"

    @property
    def immutable(self) -> str:
        """By digest: nothing can be put in its place."""
        return f"{self.source}@{self.digest}"

    @property
    def local(self) -> str:
        """What `docker ps` shows."""
        return f"{self.registry}/{self.name}" if self.name else self.immutable


@dataclass(frozen=True, slots=True)
class Image:
    """An image as Glance tells of it; everything in it is its owner's to say."""

    id: str
    name: str | None
    container_format: str | None
    properties: Mapping[str, str]

    @property
    def is_told_of(self) -> bool:
        """Whether the properties speak of this image.

        Nova copies them onto snapshots: then they are of the image they were copied from.
        """
        return self.properties.get("oci_image") == self.id


def repository_of(image: str) -> str:
    """The repository of an image of Glance, by its ID: what is pushed to it fills the image."""
    return f"{BY_ID}{image}"


def check(image: Image) -> None:
    """Raise ImageUnacceptable for what is no image of a container, with the reason for the user."""
    if image.container_format != "docker":
        raise exception.ImageUnacceptable(
            image_id=image.id, reason="only images with container_format docker boot on this host"
        )


def told(image: Image, registry: str) -> Reference | None:
    """What `image` itself says to pull from the registry at `registry`, HOST:PORT.

    None if its properties do not speak of it, or make no sense.
    """
    said = image.properties
    kind, repository = said.get("oci_kind"), said.get("oci_repository", "")
    digest = said.get("oci_digest", "")
    if kind not in KINDS or not image.is_told_of or not DIGEST.fullmatch(digest):
        return None
    if kind == SNAPSHOT and repository != repository_of(image.id):
        return None
    if not _is_repository(repository, registry):
        return None
    return Reference(registry, repository, digest, _name(image.name, registry))


def by_id(image: Image, registry: str, digest: str) -> Reference:
    """The manifest with this digest, in the repository that `image` is by its ID."""
    return Reference(registry, repository_of(image.id), digest, _name(image.name, registry))


def _name(name: str | None, registry: str) -> str | None:
    """The image's name as REPOSITORY:TAG, if it is one: its owner may have called it anything.

    But not that of an image by its ID, which may be a snapshot on its way from here.
    """
    repository, colon, tag = (name or "").partition(":")
    tag = tag if colon else LATEST
    is_name = _is_repository(repository, registry) and TAG.fullmatch(tag)
    return f"{repository}:{tag}" if is_name and not repository.startswith(BY_ID) else None


def _is_repository(text: str, registry: str) -> bool:
    return len(f"{registry}/{text}") <= LONGEST and REPOSITORY.fullmatch(text) is not None
