"""Repository names and tags (OCI Distribution 1.1, "Pulling manifests")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry_glance.errors import ManifestUnknown, NameInvalid
from registry_glance.oci.digest import Digest

COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = re.compile(rf"{COMPONENT}(?:/{COMPONENT})*")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")

#: Glance's images.name holds 255 characters: `repository:tag` must fit.
NAME_LIMIT = 255
#: The longest tag is 128 characters; what is left, less the colon, is the repository's.
REPOSITORY_LIMIT = NAME_LIMIT - 128 - 1
#: What is below is no name but the ID of an image in Glance.
IMAGES = "glance/"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository's name, such as `hipache` or `team/app`."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Raise NameInvalid unless `text` is a name of at most 126 characters.

        Below `glance/` it must be a UUID, in lower case.
        """
        if text.startswith(IMAGES) and not UUID.fullmatch(text.removeprefix(IMAGES)):
            told = f"{IMAGES} is followed by the ID of an image in Glance, and nothing else"
            raise NameInvalid(told, detail={"name": text[:NAME_LIMIT]})
        if len(text) > REPOSITORY_LIMIT or not REPOSITORY.fullmatch(text):
            raise NameInvalid(detail={"name": text[:NAME_LIMIT]})
        return cls(text)

    @classmethod
    def of_image(cls, image: str) -> Repository:
        """The repository that an image of Glance is, by its ID."""
        return cls(IMAGES + image)

    @property
    def image(self) -> str | None:
        """The ID of the image in Glance that the repository is; None for one with a name."""
        return self.name.removeprefix(IMAGES) if self.name.startswith(IMAGES) else None

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, such as `latest`."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Tag:
        """Raise NameInvalid unless `text` is a tag."""
        if not TAG.fullmatch(text):
            raise NameInvalid("invalid tag name", detail={"tag": text[:NAME_LIMIT]})
        return cls(text)

    def __str__(self) -> str:
        return self.name


def reference(text: str) -> Tag | Digest:
    """What follows `/manifests/`: a digest (it holds a colon, a tag cannot) or a tag.

    Raises DigestInvalid, or ManifestUnknown for what could never have been pushed as a tag.
    """
    if ":" in text:
        return Digest.parse(text)
    if not TAG.fullmatch(text):
        raise ManifestUnknown(detail={"tag": text[:NAME_LIMIT]})
    return Tag(text)
