"""Manifests, indexes and what they refer to (OCI Image 1.1, Docker image manifest v2 schema 2)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry_glance.errors import DigestInvalid, ManifestInvalid
from registry_glance.oci import media_types
from registry_glance.oci.digest import Digest

JSON = dict[str, Any]
MAXIMUM_SIZE = 1 << 63


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to content: OCI Image 1.1, descriptor.md. `size` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: object) -> Descriptor:
        """Raise ManifestInvalid unless `value` has a media type, a digest and a size."""
        match value:
            case {"mediaType": str(media_type), "digest": str(digest), "size": int(size)} if (
                0 <= size < MAXIMUM_SIZE and not isinstance(size, bool)
            ):
                return cls(media_type, _digest(digest), size)
        raise ManifestInvalid("invalid descriptor", detail={"descriptor": repr(value)[:200]})

    def json(self) -> JSON:
        """The descriptor as it stands in an index."""
        value: JSON = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        return value


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest's bytes, exactly as pushed, and what they say.

    `manifests` are an index's children; an image has `config` and `layers` instead.
    """

    media_type: str
    body: bytes
    digest: Digest
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None
    artifact_type: str | None
    annotations: Mapping[str, str]

    @classmethod
    def parse(cls, body: bytes, content_type: str | None, algorithm: str = "sha256") -> Manifest:
        """Read a manifest pushed with this Content-Type; raise ManifestInvalid with the reason.

        OCI Distribution 1.1, "Pushing Manifests": a `mediaType` inside must be the Content-Type.
        """
        value = _object(body)
        media_type = _media_type(value, content_type)
        index = media_type in media_types.INDEXES
        return cls(
            media_type=media_type,
            body=body,
            digest=Digest.of(body, algorithm),
            config=None if index else Descriptor.parse(value.get("config")),
            layers=() if index else _descriptors(value, "layers"),
            manifests=_descriptors(value, "manifests") if index else (),
            subject=_subject(value),
            artifact_type=_text(value, "artifactType"),
            annotations=_annotations(value),
        )

    def blobs(self) -> Iterator[Descriptor]:
        """The blobs which a registry must have: the configuration and distributable layers."""
        if self.config is not None:
            yield self.config
        yield from (l for l in self.layers if media_types.is_distributable(l.media_type))

    def size(self) -> int:
        """Bytes of the manifest and all it refers to directly."""
        parts = (*self.layers, *self.manifests, *((self.config,) if self.config else ()))
        return len(self.body) + sum(part.size for part in parts)

    def descriptor(self) -> Descriptor:
        """The manifest as a referrer (OCI Distribution 1.1, "Listing Referrers")."""
        kind = self.artifact_type or (self.config.media_type if self.config else None)
        return Descriptor(self.media_type, self.digest, len(self.body), kind, self.annotations)


def index(descriptors: list[Descriptor]) -> JSON:
    """An image index of `descriptors`: what the referrers API answers."""
    return {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": [descriptor.json() for descriptor in descriptors],
    }


def _object(body: bytes) -> JSON:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid("the manifest is not JSON") from error
    if not isinstance(value, dict):
        raise ManifestInvalid("the manifest is not a JSON object")
    if value.get("schemaVersion") == 1:
        raise ManifestInvalid("schema 1 manifests are not supported")
    if value.get("schemaVersion") != 2:
        raise ManifestInvalid("schemaVersion must be 2")
    return value


def _media_type(value: JSON, content_type: str | None) -> str:
    """The one type that header and body agree on; parameters of the header are ignored."""
    said = value.get("mediaType")
    media_type = (content_type or "").partition(";")[0].strip().lower() or said or _guess(value)
    if media_type not in media_types.MANIFESTS:
        raise ManifestInvalid("unsupported media type", detail={"mediaType": str(media_type)[:200]})
    if said not in (None, media_type):
        raise ManifestInvalid(
            "mediaType differs from Content-Type", detail={"mediaType": str(said)[:200]}
        )
    if "manifests" in value and "layers" in value:
        # An image to one client and an index to another (CVE-2021-41190).
        raise ManifestInvalid("a manifest has either layers or manifests")
    return str(media_type)


def _guess(value: JSON) -> str:
    return media_types.OCI_INDEX if "manifests" in value else media_types.OCI_MANIFEST


def _descriptors(value: JSON, key: str) -> tuple[Descriptor, ...]:
    items = value.get(key)
    if not isinstance(items, list):
        raise ManifestInvalid(f"{key} must be a list")
    return tuple(Descriptor.parse(item) for item in items)


def _subject(value: JSON) -> Descriptor | None:
    subject = value.get("subject")
    return None if subject is None else Descriptor.parse(subject)


def _text(value: JSON, key: str) -> str | None:
    text = value.get(key)
    if text is not None and not isinstance(text, str):
        raise ManifestInvalid(f"{key} must be a string")
    return text or None


def _annotations(value: JSON) -> Mapping[str, str]:
    annotations = value.get("annotations") or {}
    if not isinstance(annotations, dict) or not all(
        isinstance(text, str) for text in annotations.values()
    ):
        raise ManifestInvalid("annotations must be an object of strings")
    return annotations


def _digest(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except DigestInvalid as error:
        raise ManifestInvalid("invalid digest in a descriptor", detail=error.detail) from error
