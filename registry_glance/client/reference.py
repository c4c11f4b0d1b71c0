"""Names of images as users write them: `[HOST[:PORT]/]NAME[:TAG][@DIGEST]`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from registry_glance.client.errors import Usage
from registry_glance.errors import DigestInvalid, NameInvalid
from registry_glance.oci.digest import Digest
from registry_glance.oci.names import IMAGES, Repository, Tag

HOST = re.compile(
    r"(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)(?::[0-9]{1,5})?"
)
#: Docker Hub has one name for users, and another one for its registry.
HUB = "docker.io"
LATEST = Tag("latest")


@dataclass(frozen=True, slots=True)
class Reference:
    """An image, or a repository, at a registry (HOST:PORT). A digest counts before a tag."""

    registry: str
    repository: Repository
    tag: Tag | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str, registry: str) -> Reference:
        """Read a name as docker does; without a registry in front it is at `registry`.

        Neither tag nor digest is made up. Raises Usage.
        """
        host, path = _split(text, registry)
        name, _, digest = path.partition("@")
        name, _, tag = name.partition(":")
        if host == HUB and "/" not in name:
            name = f"library/{name}"
        try:
            return cls(
                host,
                Repository.parse(name),
                Tag.parse(tag) if ":" in path.partition("@")[0] else None,
                Digest.parse(digest) if "@" in path else None,
            )
        except (NameInvalid, DigestInvalid) as error:
            raise Usage(
                f"{text[:300]!r} names no image: {error.message or 'invalid name'}"
            ) from None

    @property
    def target(self) -> Tag | Digest:
        """What follows `/manifests/`: the digest, else the tag, else `latest`."""
        return self.digest or self.tag or LATEST

    @property
    def short(self) -> str:
        """The name without the registry."""
        return _written(self.repository.name, self.target)

    def at(self, target: Tag | Digest) -> Reference:
        """Another image of the same repository."""
        if isinstance(target, Digest):
            return replace(self, tag=None, digest=target)
        return replace(self, tag=target, digest=None)

    def __str__(self) -> str:
        return f"{self.registry}/{self.short}"


def address(text: str) -> str:
    """HOST or HOST:PORT. Raises Usage."""
    if not HOST.fullmatch(text):
        raise Usage(f"{text[:300]!r} is no HOST:PORT")
    return text


def _split(text: str, registry: str) -> tuple[str, str]:
    """The registry and the rest: what has a dot, a colon or is `localhost` is a registry."""
    first, slash, rest = text.partition("/")
    named = slash and (re.search(r"[.:\[]", first) or first == "localhost")
    if not named or text.startswith(IMAGES):
        return registry, text
    return address(first), rest


def _written(name: str, target: Tag | Digest) -> str:
    return f"{name}{'@' if isinstance(target, Digest) else ':'}{target}"
